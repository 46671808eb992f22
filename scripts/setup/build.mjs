// Which libtorch and addon are in use: the record build/libtorch.json, whether it still holds, and how it comes about.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { buildAddon, probe, tryAddon } from './addon.mjs';
import { routesFor, take } from './libtorch.mjs';
import { say, SetupError } from './run.mjs';
import { checkBuildTools } from './tools.mjs';

/** Changes when the native sources, the libraries behind them or the place of the clone do. */
function stampOf(project, { libraries, version }) {
  const hash = createHash('sha256').update(JSON.stringify([project, libraries, version]));
  const folder = join(project, 'native');
  for (const name of readdirSync(folder, { recursive: true }).sort())
    if (statSync(join(folder, name)).isFile()) hash.update(name).update(readFileSync(join(folder, name)));
  for (const name of readdirSync(libraries).sort()) {
    if (!/^lib(torch|c10).*\.so/.test(name)) continue;
    const { size, mtimeMs } = statSync(join(libraries, name));
    hash.update(JSON.stringify([name, size, Math.trunc(mtimeMs)]));
  }
  return hash.digest('hex');
}

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // absent, or cut short by a full disk: set-up makes it anew
  }
}

function isCurrent(project, file, record) {
  return (
    existsSync(resolve(dirname(file), record.addon)) &&
    existsSync(join(record.libraries, 'libtorch_cpu.so')) &&
    record.stamp === stampOf(project, record)
  );
}

/** Whether the libtorch in use is the one asked for. */
function isChosen(project, record, choice) {
  if (choice === 'auto' && !process.env.LIBTORCH) return true;
  const [[, route]] = routesFor(choice === 'auto' ? 'environment' : choice);
  try {
    return route.find(project).root === record.root;
  } catch (error) {
    if (error instanceof SetupError) return false;
    throw error;
  }
}

function accept(project, file, libtorch) {
  const addon = buildAddon(project, libtorch);
  tryAddon(addon, libtorch);
  const record = { ...libtorch, addon: relative(dirname(file), addon), stamp: stampOf(project, libtorch) };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.part`, file);
  say(`libtorch ${libtorch.version} from ${libtorch.root} is in use`);
}

/**
 * Finds or installs a libtorch, builds the addon and records both in `file`, unless that is done already.
 * @param load loads the addon of an existing build once, and builds anew where that fails
 */
export function prepareLibtorch(project, choice, file, load) {
  const record = readRecord(file);
  const current = record && isCurrent(project, file, record) && isChosen(project, record, choice);
  if (current && (!load || loads(resolve(dirname(file), record.addon), record))) return;
  checkBuildTools();
  const reasons = [];
  for (const [name, route] of routesFor(choice, record?.source)) {
    try {
      accept(project, file, take(route, project));
      return;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      const reason = error.message.startsWith(name) ? error.message : `${name}: ${error.message}`;
      reasons.push(reason);
      if (choice === 'auto') say(`not this way: ${reason.split('\n')[0]}`);
    }
  }
  throw new SetupError(`no libtorch could be had:\n${reasons.map((one) => `- ${one}`).join('\n')}`);
}

function loads(addon, record) {
  try {
    probe(addon, record);
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`libtorch ${record.version} from ${record.root}: ${error.message}`);
    return false;
  }
}
