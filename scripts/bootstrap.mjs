// Set-up, then a command: `test [vitest arguments]`, or a verb of the command line such as `quickstart`.
// `--libtorch CHOICE --build FILE` before the command choose the libtorch (see setup.mjs).
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultBuild, orExplain, setup } from './setup.mjs';
import { countResults } from './testResults.mjs';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Takes `name VALUE` off the front of the arguments. */
function takeOption(args, name) {
  return args[0] === name ? args.splice(0, 2)[1] : undefined;
}

function run(args, env) {
  const child = spawn(process.execPath, args, { cwd: project, stdio: 'inherit', env });
  // the terminal sends Ctrl-C to both; this process waits for the other's orderly end
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const codes = { SIGINT: 130, SIGKILL: 137, SIGTERM: 143 };
  return new Promise((done) => child.on('exit', (code, signal) => done(code ?? codes[signal] ?? 1)));
}

async function runTests(args, env) {
  const report = join(project, 'build', 'test-results.json');
  rmSync(report, { force: true });
  const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  // waiting threads sleep: on a machine with other work the tests would take ten times as long
  const code = await run([vitest, 'run', ...reporters, ...args], { OMP_WAIT_POLICY: 'PASSIVE', ...env });
  const { passed, failed, skipped } = countResults(report, code);
  if (skipped) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
  return code;
}

const args = process.argv.slice(2);
const libtorch = takeOption(args, '--libtorch') ?? 'auto';
const build = resolve(project, takeOption(args, '--build') ?? defaultBuild);
const [command, ...rest] = args;
orExplain(() => setup({ libtorch, build }));
const env = { ...process.env, SCALEWISE_LIBTORCH_BUILD: build };
process.exitCode =
  command === 'test'
    ? await runTests(rest, env)
    : await run([join(project, 'bin', 'scalewise.mjs'), command, ...rest], env);
