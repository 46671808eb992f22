// Starts the processes of a job as a launcher would, each with its topology.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Topology } from '../../src/launch/index.js';

/** A process of a job. */
export interface Member {
  process: ChildProcess;
  /** Resolves when it has printed something, or ended. */
  printed: Promise<void>;
  ended: Promise<{ code: number | null; out: string; err: string; seconds: number }>;
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => { done(port); }); // prettier-ignore
    });
  });
}

/** Starts one process; `before` is a command that starts it, e.g. on another host. */
export function startMember(
  task: string,
  topology: Partial<Topology>,
  timeout: number,
  before: readonly string[] = [],
): Member {
  const whole = { localRank: 0, localSize: 1, agentStore: false, restart: 0, source: 'flags', ...topology };
  const script = join(import.meta.dirname, 'member.mjs');
  const [program, ...args] = [...before, process.execPath, script, task, JSON.stringify(whole), String(timeout)];
  const began = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  let [out, err] = ['', ''];
  const printed = new Promise<void>((done) => {
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
      done();
    });
    child.on('close', () => { done(); }); // prettier-ignore
  });
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const ended: Member['ended'] = new Promise((done) => {
    child.on('close', (code) => { done({ code, out, err, seconds: (performance.now() - began) / 1000 }); }); // prettier-ignore
  });
  return { process: child, printed, ended };
}

/** Starts a job of `size` processes on this machine. */
export async function startJob(task: string, size: number, timeout = 60): Promise<Member[]> {
  const port = await freePort();
  return Array.from({ length: size }, (_, rank) =>
    startMember(task, { rank, size, localRank: rank, localSize: size, host: '127.0.0.1', port }, timeout),
  );
}
