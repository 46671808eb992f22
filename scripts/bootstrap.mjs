// Set-up, then a command: `test [vitest arguments]`, or a verb of the command line such as `quickstart`.
// `--libtorch CHOICE --build FILE` before the command choose the libtorch (see setup.mjs).
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { orExplain, setup } from './setup.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function takeOption(args, name) {
  const at = args.indexOf(name);
  return at === 0 || at === 2 ? args.splice(at, 2)[1] : undefined;
}

function run(args, env) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  // the terminal sends Ctrl-C to both; this process waits for the other's orderly end
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((done) => child.on('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 143))));
}

async function runTests(args, env) {
  const results = join(root, 'build', 'test-results.json');
  rmSync(results, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const code = await run(
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile=${results}`, ...args],
    env,
  );
  const { numPassedTests, numFailedTests, numPendingTests, numTotalTestSuites, numFailedTestSuites } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  const brokenFiles =
    numTotalTestSuites > 0 && numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : 0;
  const skipped = numPendingTests ? `, ${numPendingTests} skipped` : '';
  console.log(`${numPassedTests} passed, ${numFailedTests + brokenFiles || (code ? 1 : 0)} failed${skipped}`);
  return code;
}

const args = process.argv.slice(2);
const libtorch = takeOption(args, '--libtorch');
const build = takeOption(args, '--build');
const [command, ...rest] = args;
orExplain(() => setup({ ...(libtorch && { libtorch }), ...(build && { build }) }));
const env = { ...process.env, ...(build && { SCALEWISE_LIBTORCH_BUILD: resolve(root, build) }) };
process.exitCode =
  command === 'test'
    ? await runTests(rest, env)
    : await run([join(root, 'bin', 'scalewise.mjs'), command, ...rest], env);
