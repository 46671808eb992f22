// `npm run demo`: the demo page with an exported model in one folder that any static host serves, at any path.
//   npm run demo                                    the weights that come with Scalewise, to build/demo
//   npm run demo -- FOLDER [options of export]      another folder, another model: npm run demo -- site -g runs/sar
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { orExplain, setup } from './setup.mjs';

const project = join(import.meta.dirname, '..');
const given = process.argv.slice(2);
const folder = resolve(given[0] && !given[0].startsWith('-') ? given.shift() : join(project, 'build', 'demo'));
const ours = ['assets', 'index.html', 'model'];

const other = existsSync(folder) && readdirSync(folder).find((name) => !ours.includes(name));
if (other) {
  console.error(
    `error: ${folder}: expected an empty folder or an earlier demo, found ${other} in it; give a new folder`,
  );
  process.exit(2);
}
orExplain(() => setup());
if (!existsSync(join(project, 'dist', 'demo', 'index.html'))) {
  console.error('error: the demo page could not be built; `npm run build` says why');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const exporting = ['export', '--onnx', join(folder, 'model'), '--force', ...given];
const { status } = spawnSync(process.execPath, [join(project, 'bin', 'scalewise.mjs'), ...exporting], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1); // null after a signal
for (const name of ['assets', 'index.html']) {
  rmSync(join(folder, name), { recursive: true, force: true });
  cpSync(join(project, 'dist', 'demo', name), join(folder, name), { recursive: true });
}
const place = relative(process.cwd(), folder) || '.';
console.log(`\n${place}: put this folder on any static host, at any path. To look at it here:\n`);
console.log(`  python3 -m http.server 8000 --bind 127.0.0.1 --directory ${place}\n\nthen open http://127.0.0.1:8000/`);
