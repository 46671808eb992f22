// npm run test:setup [-- wheel apt]: set-up for real, from a bare clone of HEAD in an empty folder (with a space in its path), by each route.
// Slow (some 500 MB are fetched); not part of `npm test`. Last line: "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const base = mkdtempSync(join(tmpdir(), 'scalewise bare '));
let clone = join(base, 'a clone');
let [passed, failed] = [0, 0];

function run(program, args, cwd = clone) {
  const env = { ...process.env };
  delete env.LIBTORCH;
  delete env.SCALEWISE_LIBTORCH_BUILD;
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}`, out: stdout, seconds: (Date.now() - started) / 1000 };
}

function check(what, good, outcome) {
  if (good) passed++;
  else failed++;
  console.log(`${good ? 'passed' : 'FAILED'}: ${what} (${outcome.seconds.toFixed(1)} s)`);
  if (!good) console.log(outcome.text);
}

const setup = (...args) => run('npm', ['run', 'setup', '--', ...args]);

function isUsed(source) {
  const doctor = run(process.execPath, ['bin/scalewise.mjs', 'doctor', '--json']);
  const good = doctor.code === 0 && JSON.parse(doctor.out).facts.libtorch.source === source;
  check(`doctor says that ${source} is in use and works`, good, doctor);
}

function route(source) {
  const first = setup('--libtorch', source);
  check(`${source}: from a bare clone`, first.code === 0, first);
  isUsed(source);
  const second = setup();
  const idle = !/compiling|fetching|installing|building/.test(second.text);
  check(`${source}: a second run does nothing`, second.code === 0 && idle, second);
}

const wheelFolder = () => join(clone, '.libtorch', 'torch-2.13.0');

/** Forgets which libtorch is in use: the same one by another way would rightly be kept. */
function unbuild() {
  rmSync(join(clone, 'build'), { recursive: true });
}

function moved() {
  const there = join(base, 'moved');
  renameSync(clone, there);
  clone = there;
  const outcome = setup();
  check('a clone that was moved', outcome.code === 0 && !/fetching/.test(outcome.text), outcome);
}

function folders() {
  if (!existsSync(wheelFolder())) return;
  unbuild();
  const folder = setup('--libtorch', join(wheelFolder(), 'torch'));
  check('a folder', folder.code === 0, folder);
  isUsed('path');
  const python = join(base, 'python');
  const venv = run('python3', ['-m', 'venv', '--without-pip', python]);
  check('a Python of its own', venv.code === 0, venv);
  const site = run(join(python, 'bin', 'python3'), ['-c', 'import site; print(site.getsitepackages()[0])']).out.trim();
  writeFileSync(join(site, 'wheel.pth'), `${wheelFolder()}\n`);
  unbuild();
  const before = process.env.PATH;
  process.env.PATH = `${join(python, 'bin')}:${before}`;
  const system = setup('--libtorch', 'system');
  process.env.PATH = before;
  check("python3's own PyTorch", system.code === 0, system);
  isUsed('system');
}

function bare() {
  rmSync(clone, { recursive: true, force: true });
  const cloned = run('git', ['clone', '--quiet', project, clone], base);
  check('git clone', cloned.code === 0, cloned);
}

const asked = process.argv.slice(2);
try {
  for (const source of asked.length ? asked : ['apt', 'wheel']) {
    bare();
    route(source);
  }
  moved();
  folders();
} finally {
  rmSync(base, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
