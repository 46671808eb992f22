// `scalewise pull`: fetch the published checkpoints, or any file of the Hugging Face hub, into the cache.
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import {
  findCached,
  type HubFile,
  hubCacheFolder,
  megabytes,
  parseHubName,
  publishedFiles,
  pull,
  tokenizerOf,
} from '../hub/index.js';
import { UsageError } from '../util/errors.js';
import { watchSignals } from '../util/signals.js';
import { say } from './settingsOptions.js';
import { wasStopped } from './stopped.js';

interface PullFlags {
  list?: boolean;
  json?: boolean;
  revision?: string;
  cache?: string;
  force?: boolean;
  tokenizer: boolean;
}

function list({ cache = hubCacheFolder(), json }: PullFlags): void {
  const rows = publishedFiles.map((file) => {
    const cached = findCached(file, cache);
    return { ...file, cached, bytes: cached === undefined ? undefined : statSync(cached).size };
  });
  if (json) {
    console.log(JSON.stringify(rows, undefined, 2));
    return;
  }
  for (const { name, repository, path, leastBytes, cached, bytes } of rows) {
    const size = bytes === undefined ? `about ${megabytes(leastBytes)}` : megabytes(bytes);
    console.log(`${name.padEnd(18)} ${repository}: ${path}, ${size}${cached === undefined ? '' : `, in the cache: ${cached}`}`); // prettier-ignore
  }
  console.log(`The cache is ${cache} (--cache, SCALEWISE_CACHE, HF_HUB_CACHE or HF_HOME for another).`);
}

/** What the names mean, each file once, a generator's tokenizer with it. */
function filesOf(names: readonly string[], { revision, tokenizer }: PullFlags): HubFile[] {
  const files = names
    .map(parseHubName)
    .flatMap((file) => ('kind' in file && file.kind === 'generator' && tokenizer ? [tokenizerOf(file), file] : [file]));
  return [...new Set(files)].map((file) => (revision === undefined ? file : { ...file, revision }));
}

async function pullAll(names: readonly string[], flags: PullFlags): Promise<void> {
  if (flags.list || flags.json) {
    if (names.length) throw new UsageError(`pull: --list and --json fetch nothing, got the names ${names.join(', ')}; leave one or the other`); // prettier-ignore
    list(flags);
    return;
  }
  if (!names.length) throw new UsageError('pull: expected the names of files, got none; --list shows them');
  const watch = watchSignals();
  watch.on();
  try {
    for (const file of filesOf(names, flags)) {
      const { cache, force } = flags;
      const { path, fetched } = await pull(file, { cache, force, say, signal: watch.signal });
      say(fetched ? `${file.path}: fetched` : `${file.path} is in the cache already`);
      console.log(path);
    }
  } catch (error) {
    if (!wasStopped(watch.ended)) throw error;
  } finally {
    watch.off();
  }
}

/** Adds the command `pull`. */
export function registerPull(program: Command): void {
  program
    .command('pull')
    .description('fetch published checkpoints from the Hugging Face hub into the cache; prints their paths')
    .argument('[names...]', 'names that --list shows, or hf:OWNER/REPOSITORY[@REVISION]:FILE')
    .option('--list', 'what can be fetched, and what is in the cache')
    .option('--json', 'that list, for machines')
    .option('--revision <name>', 'branch, tag or commit (default: main)')
    .option('--no-tokenizer', 'a generator without its tokenizer')
    .option('--force', 'fetch again what is in the cache')
    .option('--cache <folder>', 'the cache, by default that of SCALEWISE_CACHE or of the hub')
    .addHelpText(
      'after',
      '\nHF_ENDPOINT names another hub, HF_TOKEN says who asks, HF_HUB_OFFLINE=1 keeps to the cache.\n' +
        '\nExample:\n  scalewise pull var-d16\n',
    )
    .action(pullAll);
}
