// node bench/allReduce.mjs: the ring formula of bench/scalingModel.mjs against Gloo on this machine's loopback. Latency and bandwidth are taken from
// two processes' small and 25 MB all-reduces; what four take, and other sizes, is then foretold and measured.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ProcessGroup, setThreads, TcpStore, zeros } from '../dist/torch/index.js';
import { ringSeconds } from './scalingModel.mjs';
import { median } from './table.mjs';

const script = fileURLToPath(import.meta.url);
const small = 1024;
const bucket = 25 * 2 ** 20;
const tinyModel = 4 * 1_900_000; // about the gradients of what `npm run quickstart` trains
const sizes = [small, tinyModel, bucket];
const rounds = 15;

/** One process: prints the median seconds of an all-reduce of each size. */
function member(rank, size, port) {
  setThreads(1);
  const store = new TcpStore({ host: '127.0.0.1', port, isServer: rank === 0, size, timeout: 60 });
  const group = new ProcessGroup({ backend: 'gloo', store, rank, size, address: '127.0.0.1', timeout: 60 });
  const together = zeros([1]); // its sum is a barrier
  const times = sizes.map((bytes) => {
    const tensor = zeros([bytes / 4]);
    group.allReduce([tensor]);
    const taken = Array.from({ length: rounds }, () => {
      group.allReduce([together]);
      const started = process.hrtime.bigint();
      group.allReduce([tensor]);
      return Number(process.hrtime.bigint() - started) / 1e9;
    });
    return { median: median(taken), least: Math.min(...taken) };
  });
  group.allReduce([together]);
  group.dispose();
  store.dispose();
  if (rank === 0) console.log(JSON.stringify(times));
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function measure(size) {
  const port = await freePort();
  const outputs = Array.from({ length: size }, (_, rank) => {
    const child = spawn(process.execPath, [script, String(rank), String(size), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    return new Promise((done) => child.on('close', () => done(text)));
  });
  const [first] = await Promise.all(outputs);
  return JSON.parse(first);
}

async function main() {
  const [two, four] = [await measure(2), await measure(4)];
  for (const kind of ['least', 'median']) {
    const latency = two[0][kind] / 2; // two hops
    const bandwidth = bucket / (two[2][kind] - 2 * latency);
    console.log(
      `${kind} of ${rounds}: latency ${(1e6 * latency).toFixed(0)} µs a hop, ${(bandwidth / 1e9).toFixed(2)} GB/s`,
    );
    for (const [size, found] of [
      [2, two],
      [4, four],
    ])
      // prettier-ignore
      for (const [i, bytes] of sizes.entries()) {
        const foretold = ringSeconds(size, bytes, { bandwidth, latency });
        const [measured, computed] = [found[i][kind], foretold].map((seconds) => (1000 * seconds).toFixed(2));
        console.log(`  ${size} processes, ${(bytes / 2 ** 20).toFixed(2)} MiB: ${measured} ms, by the formula ${computed} ms (${(found[i][kind] / foretold).toFixed(2)})`); // prettier-ignore
      }
  }
}

const [rank, size, port] = process.argv.slice(2).map(Number);
if (size) member(rank, size, port);
else await main();
