// The refinements that a studio started: child processes that are watched, told to stop, and waited for when the studio stops. Those of the
// studios before it are over, and can be gone on with.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { writerOf } from '../train/runWriter.js';
import { basename } from 'node:path';
import type { Refinement, RefinementRequest, RefinementState } from './api/index.js';
import { notFound, StudioError } from './errors.js';
import { Places } from './places.js';
import { recallRefinements, rememberRefinements } from './refinementMemory.js';
import type { RefinementPlan } from './refinementPlan.js';

/** Lines of a log that are kept, the longest of them, and how many refinements that are over. */
const [mostLines, longestLine, mostKept] = [40, 500, 50];

/** What `exitCodeOf` gives for work that a signal ended after it was saved. */
const stoppedCodes = [130, 143];

/** A refinement but for its progress, which its run folder tells. */
export type StartedRefinement = Omit<Refinement, 'progress'>;

interface Started {
  about: StartedRefinement;
  /** Absent where a studio before this one started it. */
  process?: { child: ChildProcess; ended: Promise<void> };
}

/** The environment of a training: what lets one into the studio is no business of it. */
function environment(): NodeJS.ProcessEnv {
  const rest = { ...process.env };
  delete rest['SCALEWISE_STUDIO_TOKEN'];
  return rest;
}

function stateAfter(code: number | null, signal?: NodeJS.Signals): RefinementState {
  if (code === 0) return 'done';
  // the signal itself ends it before it listens to that, and has anything to save
  return signal === 'SIGTERM' || stoppedCodes.includes(code ?? 0) ? 'stopped' : 'failed';
}

/** Why another one is not started. */
function fullSentence(running: readonly StartedRefinement[], most: number): string {
  const names = running.map(({ name }) => name).join(', ');
  const [are, ends] = running.length === 1 ? ['is', 'it ends, or stop it'] : ['are', 'one ends, or stop one'];
  return `refinements: ${names} ${are} running, and this studio runs ${most === 1 ? 'one' : most} at a time; wait until ${ends}`;
}

/** All of them. */
export class Refinements {
  readonly #all = new Map<string, Started>();
  readonly #places: Places;
  #isClosed = false;

  constructor(
    /** The folder that they are started in. */
    readonly root: string | undefined,
    /** How many may run at a time. */
    readonly most: number,
  ) {
    this.#places = new Places(root);
    for (const about of root === undefined ? [] : recallRefinements(root)) this.#all.set(about.run, { about });
  }

  /** The newest first. */
  all(): StartedRefinement[] {
    return [...this.#all.values()].map(({ about }) => about).reverse();
  }

  /** Starts one, or goes on with it. @throws StudioError where another one runs, or the studio stops */
  start(run: string, request: RefinementRequest, { command, from, out }: RefinementPlan): void {
    if (this.#isClosed)
      throw new StudioError('unavailable', 'the server is stopping; try again later', { retryAfter: 5 });
    const running = this.all().filter(({ ended }) => ended === null);
    const same = running.find((one) => one.run === run);
    if (same) throw new StudioError('conflict', `name: ${same.name} is running already, with these settings; stop it first, or change a setting`, { param: 'name', code: 'refinement_running' }); // prettier-ignore
    if (running.length >= this.most) throw new StudioError('conflict', fullSentence(running, this.most), { code: 'refinements_full' }); // prettier-ignore
    const writer = existsSync(out) ? writerOf(out) : undefined;
    if (writer?.isOpen) throw new StudioError('conflict', `name: process ${writer.pid}, which this studio did not start, trains with these settings already; stop it first (kill ${writer.pid}; it saves), or change a setting`, { param: 'name', code: 'refinement_running' }); // prettier-ignore
    const [program, ...args] = command as [string, ...string[]];
    // in a group of its own: Ctrl-C in the terminal is the studio's alone, which then tells it to stop
    const child = spawn(program, args, { cwd: this.root, env: environment(), stdio: ['ignore', 'ignore', 'pipe'], detached: true }); // prettier-ignore
    const about: StartedRefinement = { run, name: request.name, folder: basename(out), from, request, state: 'running', exitCode: null, begun: new Date().toISOString(), ended: null, log: [] }; // prettier-ignore
    this.#all.delete(run);
    this.#all.set(run, { about, process: { child, ended: this.#watch(about, child) } });
    this.#forget();
    this.#remember();
  }

  /** Tells one to save and to leave; one that was told, or is over, stays as it is. @throws StudioError 404 */
  stop(run: string): StartedRefinement {
    const found = this.#all.get(run);
    if (!found) throw notFound('refinement', run);
    const { about } = found;
    if (about.state === 'running') {
      about.state = 'stopping'; // a second signal would end it at once, and so it gets one alone
      found.process!.child.kill('SIGTERM');
    }
    return about;
  }

  /** Stops all, and waits until they have saved. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const run of this.#all.keys()) this.stop(run);
    await Promise.all([...this.#all.values()].flatMap((one) => one.process?.ended ?? []));
  }

  #watch(about: StartedRefinement, child: ChildProcess): Promise<void> {
    let rest = '';
    const take = (line: string) => {
      if (line.trim() === '') return;
      about.log.push(this.#places.said(line.trimEnd()).slice(0, longestLine));
      about.log.splice(0, about.log.length - mostLines);
    };
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split(/\r\n|\n|\r/);
      rest = lines.pop()!.slice(-longestLine);
      lines.forEach(take);
    });
    child.once('spawn', () => {
      try {
        setPriority(child.pid!, constants.priority.PRIORITY_BELOW_NORMAL); // the server answers while it trains
      } catch {
        // it is over already
      }
    });
    return new Promise((done) => {
      const end = (code: number | null, why?: string, signal?: NodeJS.Signals) => {
        if (about.ended !== null) return;
        take(rest);
        if (why !== undefined) take(why);
        about.state = stateAfter(code, signal);
        about.exitCode = code;
        about.ended = new Date().toISOString();
        this.#remember();
        done();
      };
      child.once('error', (error) => { end(null, `it could not be started: ${error.message}`); }); // prettier-ignore
      child.once('close', (code, signal) => { end(code, signal === null ? undefined : `it was ended by ${signal}`, signal ?? undefined); }); // prettier-ignore
    });
  }

  #remember(): void {
    if (this.root !== undefined) rememberRefinements(this.root, [...this.#all.values()].map(({ about }) => about)); // prettier-ignore
  }

  #forget(): void {
    const over = [...this.#all].filter(([, { about }]) => about.ended !== null);
    for (const [run] of over.slice(0, Math.max(0, over.length - mostKept))) this.#all.delete(run);
  }
}
