// The parts of set-up that need no libtorch: npm packages, and the TypeScript build.
import { existsSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, quietly, say, SetupError } from './run.mjs';

/** When a file was changed, in milliseconds; 0 where there is none. */
export const changed = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** `npm ci`, unless node_modules is newer than the lock file and has what the build needs. */
export function installNpmPackages(project) {
  const modules = join(project, 'node_modules');
  const lock = join(project, 'package-lock.json');
  if (!existsSync(lock)) return; // installed as a package itself: npm has seen to it
  const complete = ['typescript', 'vitest', 'vite', 'preact', 'node-api-headers'].every((name) =>
    existsSync(join(modules, name)),
  );
  if (complete && changed(join(modules, '.package-lock.json')) >= changed(lock)) return;
  if (!quietly('npm', ['--version']).ok)
    throw new SetupError('missing: npm, which comes with Node (https://nodejs.org)');
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new SetupError(`${modules} is a link, and npm ci would empty the folder behind it; remove the link`);
  say(
    'installing the npm packages of package-lock.json (about 700 MB, most of it ONNX runtimes for tests and the demo)',
  );
  must('npm ci', 'npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project });
}

/** When the file of a folder was changed that was changed last. */
export function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) time = Math.max(time, changed(join(entry.parentPath ?? entry.path, entry.name)));
  return time;
}

/** `tsc`, unless dist/ is newer than the sources. */
export function buildTypeScript(project) {
  const sources = join(project, 'src');
  const configuration = join(project, 'tsconfig.build.json');
  if (!existsSync(configuration)) return; // installed as a package: dist/ came with it
  const stamp = join(project, 'dist', '.built');
  const before = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) =>
    changed(join(project, name)),
  );
  if (changed(stamp) > Math.max(newest(sources), ...before)) return;
  say('building the TypeScript');
  const started = new Date();
  const compiler = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
  must('tsc', process.execPath, [compiler, '-p', configuration]);
  writeFileSync(stamp, `${started.toISOString()}\n`);
}
