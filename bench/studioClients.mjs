// The clients of `npm run bench -- studio`, in a thread of their own: each asks for images again and again, listens to their scales as they come, and
// looks at what came of it; some by OpenAI's API. Posts how many answers of which status there were.
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const { port, clients, seconds } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: 2 * clients });
const end = performance.now() + 1000 * seconds;
const statuses = {}; // by what was asked
const longestPause = 2000; // milliseconds, whatever Retry-After says: they are to press
let images = 0;

function count(what, status) {
  const counts = (statuses[what] ??= {});
  counts[status] = (counts[status] ?? 0) + 1;
}

/** One request to its end: its status, headers and body. */
function ask(what, method, path, client, body) {
  const headers = { 'x-scalewise-client': client, ...(body && { 'content-type': 'application/json' }) };
  return new Promise((done) => {
    const sent = request({ port, method, path, headers, agent }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', failed);
      answer.on('end', () => {
        count(what, answer.statusCode);
        done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) });
      });
    });
    const failed = (error) => {
      count(what, error.code ?? error.message);
      done({ status: 0, headers: {}, body: Buffer.alloc(0) });
    };
    sent.on('error', failed);
    sent.end(body && JSON.stringify(body));
  });
}

const patience = ({ headers }) => pause(Math.min(longestPause, 1000 * Number(headers['retry-after'] ?? 1)));

/** A generation by the studio's API, as its page does it. */
async function watch(client, label, seed) {
  const asked = await ask('POST /api/generations', 'POST', '/api/generations', client, {
    class: label,
    seed,
    count: 2,
  });
  if (asked.status !== 202) return patience(asked);
  const at = `/api/generations/${JSON.parse(asked.body).id}`;
  const events = await ask('GET events', 'GET', `${at}/events`, client);
  if (!/event: (done|failed|cancelled)/.test(events.body)) count('GET events', 'cut off');
  else if (!/event: done/.test(events.body)) count('GET events', 'not done');
  const found = await ask('GET generation', 'GET', at, client);
  if (found.status !== 200) return undefined;
  parentPort.postMessage({ id: JSON.parse(found.body).id });
  const frames = JSON.parse(found.body).images.flatMap((one) => one.frames.at(-1) ?? []);
  for (const { url } of frames) await ask('GET frame', 'GET', url, client);
  images += frames.length;
}

/** One by OpenAI's API; every other one as a stream. */
async function imagesOf(client, label, seed) {
  const stream = seed % 2 === 1;
  const body = { prompt: String(label), n: 2, x_seed: seed, stream };
  const asked = await ask('POST /v1/images/generations', 'POST', '/v1/images/generations', client, body);
  if (asked.status !== 200) return patience(asked);
  if (stream && asked.body.includes('event: error')) count('POST /v1/images/generations', 'not done');
  images += 2;
}

async function run(index) {
  await pause((1000 * index) / clients); // not all in one moment
  for (let round = 0; performance.now() < end; round++)
    await (index % 4 === 3 ? imagesOf : watch)(`client ${index}`, (index + round) % 10, 1000 * index + round);
}

await Promise.all(Array.from({ length: clients }, (_, index) => run(index)));
parentPort.postMessage({ statuses, images });
agent.destroy();
