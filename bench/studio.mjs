// npm run bench -- studio: many clients at once on the studio with the small weights that come with Scalewise. Errors by status, how long light routes
// take meanwhile, the server's memory from its start to its end, its share of a core and how late its event loop is (both of its own /metrics).
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const every = 20; // milliseconds between two looks at a light route
const most = 100; // milliseconds that 99 of 100 looks may take

/** Starts the studio: its port, and what ends it. */
function start({ threads, profile }) {
  const flags = profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [];
  const command = [...flags, join(project, 'bin', 'scalewise.mjs'), 'studio', '--port', '0', '--rate', '0', '--threads', String(threads)]; // prettier-ignore
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => new Promise((done) => {
    child.on('exit', done);
    child.kill('SIGTERM');
  }); // prettier-ignore
  return new Promise((started, failed) => {
    child.on('exit', (code) => failed(new Error(`the studio ended with ${code}`)));
    child.stdout.on('data', (text) => {
      const port = Number(/:(\d+)\/ /.exec(text)?.[1]);
      if (port) started({ port, stop });
    });
  });
}

const agent = new Agent({ keepAlive: true });

function get(port, path) {
  const began = performance.now();
  return new Promise((done, failed) => {
    const sent = request({ port, path, agent }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part) => (body += part));
      answer.on('end', () => done({ milliseconds: performance.now() - began, status: answer.statusCode, body }));
    });
    sent.on('error', failed).end();
  });
}

const value = (metrics, name) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1] ?? NaN);

/** What the server's own figures say. */
async function figures(port) {
  const { body } = await get(port, '/metrics');
  return {
    at: performance.now(),
    rss: value(body, 'process_resident_memory_bytes'),
    heap: value(body, 'nodejs_heap_size_used_bytes'),
    cpu: value(body, 'process_cpu_seconds_total'),
    lag: 1000 * value(body, 'nodejs_eventloop_lag_p99_seconds'),
    kept: value(body, 'scalewise_kept_bytes'),
    images: value(body, 'scalewise_images_drawn_total'),
  };
}

/** Looks at light routes in turns until the clients are done. */
async function look(port, state) {
  const times = {};
  for (let turn = 0; !state.isOver; turn++) {
    const routes = ['/healthz', '/v1/models', '/metrics', ...(state.id ? [`/api/generations/${state.id}`] : [])];
    const path = routes[turn % routes.length];
    const { milliseconds, status } = await get(port, path);
    const name = path.startsWith('/api/') ? '/api/generations/:id' : path;
    if (status === 200) (times[name] ??= []).push(milliseconds);
    else state.refused[`${name} ${status}`] = (state.refused[`${name} ${status}`] ?? 0) + 1;
    await pause(every);
  }
  return times;
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

function rowOf([name, times]) {
  const sorted = [...times].sort((a, b) => a - b);
  return { name, count: sorted.length, median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), longest: sorted.at(-1) }; // prettier-ignore
}

/** Statuses that no client should see: all but those that answer, and 429, which puts off. */
function wrongOf(statuses) {
  return Object.entries(statuses).flatMap(([what, counts]) => Object.entries(counts).filter(([status]) => !/^(200|202|429)$/.test(status)).map(([status, count]) => `${what}: ${count} × ${status}`)); // prettier-ignore
}

function report({ machine, rows, samples, statuses, wrong, seconds }) {
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
  console.log(`\n${machine.cpu}, ${machine.cores} cores; ${machine.clients} clients for ${seconds} s\n`);
  console.log('| answers to | by status |\n| --- | --- |');
  for (const [what, counts] of Object.entries(statuses)) console.log(`| ${what} | ${Object.entries(counts).map(([status, count]) => `${count} × ${status}`).join(', ')} |`); // prettier-ignore
  console.log('\n| light route | looks | median ms | p99 ms | longest ms |\n| --- | --- | --- | --- | --- |');
  for (const { name, count, median, p99, longest } of rows) console.log(`| ${name} | ${count} | ${median.toFixed(1)} | ${p99.toFixed(1)} | ${longest.toFixed(1)} |`); // prettier-ignore
  console.log('\n| second | memory MiB | heap MiB | kept MiB | CPU share | event loop late by, p99 ms |\n| --- | --- | --- | --- | --- | --- |'); // prettier-ignore
  samples.slice(1).forEach((now, i) => {
    const before = samples[i];
    const share = (1000 * (now.cpu - before.cpu)) / (now.at - before.at);
    console.log(`| ${((now.at - samples[0].at) / 1000).toFixed(0)} | ${mebibytes(now.rss)} | ${mebibytes(now.heap)} | ${mebibytes(now.kept)} | ${(100 * share).toFixed(0)} % | ${now.lag.toFixed(1)} |`); // prettier-ignore
  });
  const slow = rows.filter(({ p99 }) => p99 >= most).map(({ name }) => name);
  console.log(`\n${samples.at(-1).images} images; errors but 429: ${wrong.join(', ') || 'none'}; p99 of ${most} ms and more: ${slow.join(', ') || 'none'}`); // prettier-ignore
}

/** Runs the load, prints what came of it, and answers it, with what no client should have seen. */
export async function loadStudio({ clients, seconds, threads, profile, out }) {
  const { port, stop } = await start({ threads, profile });
  const state = { isOver: false, id: undefined, refused: {} };
  const samples = [await figures(port)];
  const beat = setInterval(() => void figures(port).then((one) => samples.push(one)), (1000 * seconds) / 12);
  const thread = new Worker(new URL('studioClients.mjs', import.meta.url), { workerData: { port, clients, seconds } });
  const ended = new Promise((done, failed) => {
    thread.on('error', failed);
    thread.on('message', (message) => {
      if (message.id) state.id = message.id;
      else done(message.statuses);
    });
  });
  const looks = look(port, state);
  const statuses = await ended;
  state.isOver = true;
  clearInterval(beat);
  const rows = Object.entries(await looks).map(rowOf);
  samples.push(await figures(port));
  agent.destroy();
  await stop();
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, clients, threads };
  const wrong = [...wrongOf(statuses), ...Object.entries(state.refused).map(([what, count]) => `${what}: ${count}`)];
  const result = { machine, seconds, statuses, wrong, rows, samples };
  report(result);
  const file = out ?? join(project, 'build', 'bench-studio.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`${file} holds these figures`);
  return result;
}
