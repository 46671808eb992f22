// Running launchers to their end, counting what they prove, and saying what could not be tried.
import { spawn } from 'node:child_process';
import { canInstallPackages, installPackages, quietly, SetupError } from '../setup/run.mjs';

/** Something that this machine lacks: the tests that need it are left out. */
export class LeftOut extends Error {}

export const counts = { passed: 0, failed: 0, leftOut: 0 };

/** Counts and prints one check, with the output of what failed. */
export function check(what, good, { seconds, text }) {
  counts[good ? 'passed' : 'failed']++;
  console.log(`${good ? 'passed' : 'FAILED'}: ${what} (${seconds.toFixed(1)} s)`);
  if (!good) console.log(text);
}

export const has = (program) => quietly('which', [program]).ok;

/** Has programs on the PATH, from Debian packages where they are missing. */
export function need(programs, packages) {
  if (programs.every(has)) return;
  if (!canInstallPackages())
    throw new LeftOut(`${programs.join(', ')}: not installed, and this user cannot install it`);
  try {
    installPackages(packages);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new LeftOut(`apt-get could not install ${packages.join(', ')}`);
  }
}

/**
 * Starts a program; `ended` resolves with its code and output. It is a group of its own and is killed as one when its time is over.
 * @param seconds the longest that it may take
 */
export function start(program, args, { env = {}, seconds = 120, cwd } = {}) {
  const began = Date.now();
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), seconds * 1000);
  const ended = new Promise((done) => {
    child.on('error', (error) => (err += error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done({ code: code ?? signal, out, text: `${out}${err}`, seconds: (Date.now() - began) / 1000 });
    });
  });
  return { child, ended };
}

/** Runs a program to its end. */
export const run = (program, args, options) => start(program, args, options).ended;

/** Ends of several programs as one. */
export async function together(ends) {
  const all = await Promise.all(ends);
  return {
    code: all.find(({ code }) => code !== 0)?.code ?? 0,
    text: all.map(({ text }) => text).join('\n'),
    seconds: Math.max(...all.map(({ seconds }) => seconds)),
  };
}

/** What every process of `doctor --dist --json` printed: a line each, whatever a launcher puts before it. */
export function reports(text) {
  return text
    .split('\n')
    .flatMap((line) => /\{"host".*\}/.exec(line)?.[0] ?? [])
    .map((line) => JSON.parse(line))
    .sort((a, b) => a.topology.rank - b.topology.rank);
}

/** Checks that `size` processes found each other: all ranks, one source, and the sum of the ranks on every one of them. */
export function checkWorld(what, source, size, outcome) {
  const found = outcome.code === 0 ? reports(outcome.text) : [];
  const sum = (size * (size - 1)) / 2;
  const good =
    found.length === size &&
    found.every(({ topology, sumOfRanks }, rank) => {
      return topology.rank === rank && topology.size === size && topology.source === source && sumOfRanks === sum;
    });
  check(`${what}: ${size} ranks by ${source}, ${sum} the sum of them on each`, good, outcome);
  return found;
}
