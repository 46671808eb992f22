// Running other programs during set-up: what is done is shown with its time, output only where it fails.
import { spawnSync } from 'node:child_process';

/** A set-up that cannot go on: one sentence for the user. */
export class SetupError extends Error {}

const started = Date.now();

/** One line of what set-up does. */
export function say(text) {
  console.log(`[setup ${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);
}

/** Runs a program quietly; its result with stdout and stderr as text. Ctrl-C in it ends set-up as well. */
export function quietly(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.signal === 'SIGINT') process.exit(130);
  const err = result.error ? `${program}: ${result.error.code}` : (result.stderr ?? '');
  return { ok: result.status === 0, out: result.stdout ?? '', err };
}

/** Runs a program and throws a SetupError with the end of its output where it fails. */
export function must(what, program, args, options = {}) {
  const result = quietly(program, args, options);
  if (result.ok) return result;
  const output = `${result.out}\n${result.err}`.trim().split('\n').slice(-40).join('\n');
  throw new SetupError(`${what} failed (${program} ${args.join(' ')}):\n${output}`);
}

/** Whether this is a Debian or Ubuntu where this user may install packages. */
export function canInstallPackages() {
  return quietly('id', ['-u']).out.trim() === '0' && quietly('apt-get', ['--version']).ok;
}

let updated = false;

/** Installs Debian packages without recommended ones. */
export function installPackages(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  say(`installing ${packages.join(', ')} by apt-get`);
  if (!updated) must('apt-get update', 'apt-get', ['update', '-qq'], { env });
  updated = true;
  must('apt-get install', 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}
