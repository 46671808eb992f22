// npm run test:fuzz [-- --examples N] [-- --seed N] [-- --url URL]: requests made by schemathesis of the studio's description of itself, right and wrong
// ones, against a studio on the weights that come with Scalewise. None may be answered with 5xx, or with a status or body that is not described, and
// the studio must be there at the end. Fetches schemathesis from PyPI into build/fuzz (no system packages, once).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const wanted = 'schemathesis==4.32.5';
const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance']; // prettier-ignore
const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(project, 'build', 'fuzz');
const text = { type: 'string' };
const { values } = parseArgs({ options: { examples: text, seed: text, url: text } });

function run(program, args, env = process.env) {
  const { status } = spawnSync(program, args, { cwd: project, stdio: 'inherit', env });
  return status ?? 1;
}

function fetchTool() {
  if (existsSync(folder)) return;
  const aside = `${folder}.part`;
  console.log(`fetching ${wanted} by pip into build/fuzz`);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const status = run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', aside, wanted]); // prettier-ignore
  if (status !== 0) process.exit(status);
  renameSync(aside, folder);
}

/** A studio whose images are small, so that right requests take little time; limits of a client would put most of them off. */
function startStudio() {
  const flags = ['--port', '0', '--rate', '0', '--per-client', '64', '--max-tokens', '128', '--max-images', '2', '--threads', '1', '--refinements', '0']; // prettier-ignore
  const program = [join(project, 'bin', 'scalewise.mjs'), 'studio', ...flags];
  const child = spawn(process.execPath, program, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((started) => {
    child.on('exit', (code) => {
      console.error(`error: the studio ended with ${code}`);
      process.exit(1);
    });
    child.stdout.on('data', (said) => {
      const url = /studio: (http:\S+?)\/ /.exec(said)?.[1];
      if (url) started({ url, stop: () => child.removeAllListeners('exit').kill('SIGTERM') });
    });
  });
}

/** Runs schemathesis without blocking, so that the end of the studio is seen. */
function fuzz(url) {
  const examples = values.examples ?? '500'; // of each of more than 20 operations
  const args = ['-m', 'schemathesis.cli', 'run', `${url}/openapi.json`, '--checks', checks.join(','), '--phases', 'coverage,fuzzing', '-n', examples, '--continue-on-failure', '--request-timeout', '120', '--suppress-health-check', 'all', '--warnings', 'off', '--seed', values.seed ?? '1']; // prettier-ignore
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn('python3', args, { cwd: join(project, 'build'), stdio: 'inherit', env });
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

fetchTool();
const studio = values.url ? { url: values.url, stop: () => undefined } : await startStudio();
const code = await fuzz(studio.url);
const { status } = await fetch(`${studio.url}/healthz`);
console.log(`at the end /healthz answers ${status}`);
studio.stop();
process.exitCode = code || (status === 200 ? 0 : 1);
