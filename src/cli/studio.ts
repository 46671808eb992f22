// `scalewise studio`: the page and the API that show what models do scale by scale. This process never loads libtorch: its workers do.
import { type Command, Option } from 'commander';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  isLoopback,
  limits,
  type ModelSource,
  openStudio,
  processStarter,
  type StudioOptions,
  studioOptions,
} from '../studio/index.js';
import { UsageError } from '../util/errors.js';
import { secondSignal } from '../util/signals.js';
import { number, positive, say, wholeNumber } from './settingsOptions.js';
import { shippedWeights } from './shippedWeights.js';

interface Flags {
  generator: string[];
  tokenizer?: string;
  compare: string[];
  device: string;
  threads: number;
  host: string;
  port: number;
  token?: string;
  cors: string[];
  name: string[];
  open?: boolean;
  workers: number;
  batch: number;
  maxTokens: number;
  maxSide: number;
  maxImages: number;
  queue: number;
  perClient: number;
  jobTime: number;
  waitTime: number;
  keep: number;
  rate: number;
  data: string[];
  refinements: number;
}

/** Seconds that a timer can wait for. */
const longest = Math.floor((2 ** 31 - 1) / 1000);

const several = (text: string, all: string[]) => [...all, text];
const page = fileURLToPath(new URL('../studio-page/', import.meta.url));
const results = fileURLToPath(new URL('../../docs/results/', import.meta.url));

const generatorIn = (folder: string) => existsSync(join(folder, 'generator.safetensors'));

/** Whether a folder holds a generator, as run folders and checkpoints do. */
function holdsGenerator(folder: string): boolean {
  const checkpoints = join(folder, 'checkpoints');
  if (!statSync(checkpoints, { throwIfNoEntry: false })?.isDirectory()) return generatorIn(folder);
  return readdirSync(checkpoints).some((name) => generatorIn(join(checkpoints, name)));
}

/** The models that the command line names: of --generator, else of the path, else those that come with Scalewise; then those to compare with. */
function modelsOf(path: string | undefined, { generator, tokenizer, compare }: Flags): ModelSource[] {
  if (path !== undefined && generator.length && statSync(path).isFile())
    throw new UsageError(`studio: expected a folder of runs beside --generator, found the file ${path}; name it with --generator or --compare as well`); // prettier-ignore
  const own = path !== undefined && (statSync(path).isFile() || holdsGenerator(path)) ? [path] : [];
  const named = generator.length ? generator : own;
  const chosen = named.length ? named : [shippedWeights('generator-sar'), shippedWeights('generator')];
  return [...chosen, ...compare].map((one) => ({ generator: one, tokenizer }));
}

function checkOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw new UsageError(`--cors: expected an origin such as https://example.org, got '${origin}'`);
}

/** A number of seconds above 0 that a timer can wait for. */
function seconds(name: string): (text: string) => number {
  return (text) => {
    const value = number(name)(text);
    if (value > 0 && value <= longest) return value;
    throw new UsageError(`${name}: expected more than 0 and at most ${longest} seconds, got ${text}`);
  };
}

function port(text: string): number {
  const value = wholeNumber('--port')(text);
  if (value < 2 ** 16) return value;
  throw new UsageError(`--port: expected at most 65535, got ${value}`);
}

function imageCount(text: string): number {
  const value = positive('--max-images')(text);
  const most = limits.images * limits.models;
  if (value <= most) return value;
  throw new UsageError(`--max-images: expected at most ${most}, ${limits.images} for each of ${limits.models} models, got ${value}`); // prettier-ignore
}

/** Refuses to listen where others are without anything to tell them apart. */
function checkToken({ host, token }: Flags): void {
  if (token !== undefined && !/^[!-~]{16,200}$/.test(token))
    throw new UsageError('--token: expected 16 to 200 printable characters without spaces; `openssl rand -hex 16` makes some'); // prettier-ignore
  if (token === undefined && !isLoopback(host))
    throw new UsageError(`--host: ${host} can be reached by others; give a --token, without which they are refused`);
}

function optionsOf(path: string | undefined, flags: Flags): StudioOptions {
  const { host, token, device, threads, workers, batch, maxImages, maxTokens, maxSide, rate, data } = flags;
  if (path !== undefined && !existsSync(path)) throw new UsageError(`studio: there is no file or folder ${path}`);
  checkToken(flags);
  const missing = data.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new UsageError(`--data: there is no file or folder ${missing}`);
  const models = modelsOf(path, flags);
  const given = studioOptions({ models, page, start: processStarter({ device, threads, keep: Math.max(4, models.length) }) }); // prettier-ignore
  const { jobs } = given;
  const jobTime = 1000 * flags.jobTime;
  return {
    ...given,
    root: path !== undefined && statSync(path).isDirectory() ? path : undefined,
    results: existsSync(results) ? results : undefined,
    host,
    token,
    cors: flags.cors.map(checkOrigin),
    names: flags.name,
    rate,
    refinements: { ...given.refinements, device, threads, data, most: flags.refinements },
    images: { images: maxImages, tokens: maxTokens, side: maxSide },
    jobs: {
      ...jobs,
      workers,
      batch,
      jobTime,
      waitTime: 1000 * flags.waitTime,
      queue: { jobs: flags.queue, images: 16 * flags.queue, perClient: flags.perClient },
      keep: { ...jobs.keep, bytes: flags.keep * 2 ** 20 },
      supervision: { ...jobs.supervision, stall: jobTime },
    },
  };
}

/** Opens an address in the browser of the desktop, where there is one. */
function openBrowser(url: string): void {
  const [program, ...args] = process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open']; // prettier-ignore
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {
    say(`studio: no browser could be started; open ${url} in one`);
  });
  child.unref();
}

async function run(path: string | undefined, flags: Flags): Promise<void> {
  const options = optionsOf(path, flags);
  const { host, port, token } = flags;
  const opened = await openStudio(options, { host, port });
  const shown = isIP(host) === 6 ? `[${host}]` : host;
  const url = `http://${shown}:${opened.port}/${token === undefined ? '' : `#token=${encodeURIComponent(token)}`}`;
  const isSecond = secondSignal();
  const stop = () => {
    if (isSecond()) process.exit(1);
    opened.stop().then(() => process.exit(), (error: unknown) => { say(String(error)); process.exit(1); }); // prettier-ignore
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await opened.loaded;
  console.log(`studio: ${url} (Ctrl-C ends it)`);
  if (flags.open) openBrowser(url);
}

/** Adds the command `studio`. */
export function registerStudio(program: Command): void {
  const command = program
    .command('studio')
    .description('a web page, and an HTTP API, that show what models do scale by scale')
    .argument(
      '[path]',
      'a run folder, a folder of runs, or a generator; nothing for the weights that come with Scalewise',
    );
  command
    .optionsGroup('Models:')
    .option('-g, --generator <path>', 'a run folder, a file or a pulled name; repeatable', several, [])
    .option('--compare <path>', 'one more generator, to look at beside the first; repeatable', several, [])
    .option('-t, --tokenizer <path>', 'the tokenizer of all of them; the one beside each by default')
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option(
      '--workers <n>',
      'processes that compute images, each with the models in its memory',
      positive('--workers'),
      1,
    )
    .option('--batch <n>', 'images that a worker computes in step', positive('--batch'), 8)
    .option(
      '--data <path>',
      'images that refinements may train on, besides the packaged sets; repeatable',
      several,
      [],
    );
  command
    .optionsGroup('Server:')
    .option('--host <address>', 'where it listens; other than this machine needs a --token', '127.0.0.1')
    .option('--port <n>', 'its port; 0 for a free one', port, 7860)
    .addOption(new Option('--token <text>', 'what all requests must carry').env('SCALEWISE_STUDIO_TOKEN'))
    .option('--cors <origin>', 'an origin whose pages may call the API; repeatable', several, [])
    .option('--name <host>', 'a name under which it is reached, e.g. through a proxy; repeatable', several, [])
    .option('--open', 'open the page in a browser');
  command
    .optionsGroup('Limits:')
    .option('--max-images <n>', 'images of a request, all models together', imageCount, 32)
    .option('--max-tokens <n>', 'tokens of an image', positive('--max-tokens'), 16_384)
    .option('--max-side <pixels>', 'sides of an image', positive('--max-side'), 1024)
    .option('--queue <n>', 'requests that may wait', positive('--queue'), 64)
    .option('--per-client <n>', 'of these, of one client', positive('--per-client'), 4)
    .option(
      '--job-time <seconds>',
      'that a request may be computed for, and a worker be silent',
      seconds('--job-time'),
      120,
    )
    .option('--wait-time <seconds>', 'that a request may wait', seconds('--wait-time'), 300)
    .option('--keep <megabytes>', 'of memory for results that may be asked for again', positive('--keep'), 256)
    .option('--rate <n>', 'requests of one address a minute; 0 for any number', wholeNumber('--rate'), 3000)
    .option('--refinements <n>', 'that may train at a time; 0 for none', wholeNumber('--refinements'), 1)
    .optionsGroup('Options:')
    .addHelpText(
      'after',
      `
Examples:
  scalewise studio --open
  scalewise studio runs --generator runs/sar --compare runs/before
  scalewise studio runs/sar --host 0.0.0.0 --token "$(openssl rand -hex 16)"
`,
    )
    .action(run);
}
