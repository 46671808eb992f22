// npm run setup [-- --libtorch auto|wheel|apt|system|environment|FOLDER] [--build FILE]
// Does what is still missing for everything else to run: npm packages, libtorch, the native addon, the TypeScript build. Nothing twice.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildAddon, ensureFastBlas, probe, stampOf } from './setup/addon.mjs';
import { routesFor } from './setup/libtorch.mjs';
import { canInstallPackages, installPackages, must, quietly, say, SetupError } from './setup/run.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function checkTools() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new SetupError(`Node 20 or newer is needed, this is ${process.versions.node} (https://nodejs.org)`);
  const missing = [];
  if (!quietly(process.env.CXX ?? 'c++', ['--version']).ok && !quietly('g++', ['--version']).ok) missing.push('g++');
  if (!quietly('cmake', ['--version']).ok) missing.push('cmake');
  if (!quietly('make', ['--version']).ok) missing.push('make');
  if (!missing.length) return;
  if (!canInstallPackages())
    throw new SetupError(
      `missing: ${missing.join(', ')} (on Debian or Ubuntu: sudo apt-get install ${missing.join(' ')})`,
    );
  installPackages(missing);
}

function installNpmPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('installing the npm packages of package-lock.json');
  must('npm ci', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
}

function readBuild(file) {
  if (!existsSync(file)) return undefined;
  const build = JSON.parse(readFileSync(file, 'utf8'));
  const usable =
    build.stamp &&
    existsSync(resolve(dirname(file), build.addon)) &&
    existsSync(join(build.libraries, 'libtorch_cpu.so'));
  return usable && build.stamp === stampOf(root, build) ? build : undefined;
}

function writeBuild(file, build) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, `${JSON.stringify(build, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

function prepareLibtorch(choice, file) {
  const current = readBuild(file);
  const chosen = choice === 'auto' ? process.env.LIBTORCH && 'environment' : choice;
  if (current && (!chosen || current.source === chosen || current.root === resolve(chosen))) return;
  const reasons = [];
  for (const [name, route] of routesFor(choice)) {
    try {
      const libtorch = route(root);
      const addon = buildAddon(root, libtorch);
      probe(addon, libtorch.version);
      ensureFastBlas(addon, libtorch);
      writeBuild(file, { ...libtorch, addon: relative(dirname(file), addon), stamp: stampOf(root, libtorch) });
      say(`libtorch ${libtorch.version} from ${libtorch.root} is in use (${name})`);
      return;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      reasons.push(error.message);
      if (choice === 'auto') say(`not this way: ${error.message.split('\n')[0]}`);
    }
  }
  throw new SetupError(`no libtorch could be had:\n${reasons.map((one) => `- ${one}`).join('\n')}`);
}

function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  return newest;
}

function buildTypeScript() {
  const stamp = join(root, 'dist', '.built');
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource(join(root, 'src'))) return;
  say('building the TypeScript');
  const started = new Date();
  must('tsc', process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(root, 'tsconfig.build.json'),
  ]);
  writeFileSync(stamp, `${started.toISOString()}\n`);
}

/** Everything that is still missing; throws a SetupError with one sentence where something cannot be had. */
export function setup({ libtorch = 'auto', build = join(root, 'build', 'libtorch.json') } = {}) {
  checkTools();
  installNpmPackages();
  prepareLibtorch(libtorch, resolve(build));
  buildTypeScript();
}

/** Runs `body` and ends the process with one line and exit code 2 where set-up cannot go on. */
export function orExplain(body) {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`set-up: ${error.message}`);
    process.exit(2);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  orExplain(() => {
    let values;
    try {
      ({ values } = parseArgs({
        options: { libtorch: { type: 'string' }, build: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      }));
    } catch (error) {
      throw new SetupError(`${error.message}; see npm run setup -- --help`);
    }
    if (values.help) {
      console.log(
        'npm run setup [-- --libtorch auto|wheel|apt|system|environment|FOLDER] [--build FILE]\n\nInstalls what is missing: npm packages, libtorch, the native addon, the TypeScript build.\nExample: npm run setup -- --libtorch wheel',
      );
      return;
    }
    setup(values);
    say('ready: npx scalewise --help');
  });
}
