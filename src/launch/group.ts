// The processes of one machine, started together and ended together.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** How a process ended that should not have. */
export interface Failure {
  rank: number;
  /** Its exit code, or 128 and the number of the signal. */
  code: number;
  /** E.g. `was killed by SIGKILL`. */
  how: string;
}

/** One process to start. */
export interface Member {
  rank: number;
  environment: NodeJS.ProcessEnv;
}

/** Passes every line on to stderr with the rank before it: stdout is the first process's alone. */
function relay(stream: Readable | null, rank: number): void {
  if (stream) createInterface({ input: stream }).on('line', (line) => process.stderr.write(`[rank ${rank}] ${line}\n`));
}

function start(program: readonly string[], { rank, environment }: Member): ChildProcess {
  const output = rank === 0 ? 'inherit' : 'pipe';
  const [file, ...args] = program as [string, ...string[]];
  const child = spawn(file, args, { env: environment, stdio: ['ignore', output, output, 'ipc'] });
  relay(child.stdout, rank);
  relay(child.stderr, rank);
  return child;
}

/** Resolves with what went wrong, or undefined after an end with code 0. */
function endOf(child: ChildProcess, rank: number): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ rank, code: 71, how: `could not be started (${error.message})` });
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else if (signal === null) resolve({ rank, code: code ?? 1, how: `ended with code ${code}` });
      else resolve({ rank, code: 128 + constants.signals[signal], how: `was killed by ${signal}` });
    });
  });
}

/** A running group. */
export interface Group {
  /** Resolves when all have ended: with the first that failed, if one did. */
  ended: Promise<Failure | undefined>;
  /** Passes a signal on to all. */
  pass(signal: NodeJS.Signals): void;
}

/**
 * Starts a group; when one fails the others are ended: by SIGTERM, and SIGKILL where that does not help. After a signal that was passed on,
 * an end by that signal is none, and no second one is sent, which would stop a process that saves its checkpoint.
 * @param patience milliseconds between SIGTERM and SIGKILL
 */
export function startGroup(program: readonly string[], members: readonly Member[], patience: number): Group {
  const children = members.map((member) => start(program, member));
  const send = (signal: NodeJS.Signals) => {
    for (const child of children) child.kill(signal);
  };
  let passed: NodeJS.Signals | undefined;
  let first: Failure | undefined;
  let killing: NodeJS.Timeout | undefined;
  const watched = children.map(async (child, i) => {
    const failure = await endOf(child, members[i]!.rank);
    first ??= failure;
    const asked = passed !== undefined && failure?.code === 128 + constants.signals[passed];
    if (!failure || asked || killing) return;
    if (passed === undefined) send('SIGTERM');
    killing = setTimeout(send, patience, 'SIGKILL');
  });
  const ended = Promise.all(watched).then(() => {
    clearTimeout(killing);
    return first;
  });
  const pass = (signal: NodeJS.Signals) => {
    passed ??= signal;
    send(signal);
  };
  return { ended, pass };
}
