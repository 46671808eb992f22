// The processes that do the work of a benchmark: they answer requests, one line of JSON each.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SetupError } from '../scripts/setup/run.mjs';

/** A process that answers requests in turn. */
export class Worker {
  #child;
  #lines;
  #ended;

  constructor(name, program, args, env) {
    this.name = name;
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => undefined); // of a process that ended: the next answer says so
    this.#ended = new Promise((done) => this.#child.once('close', done));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a request. A process that takes longer than `limit` seconds is killed. */
  async ask(request, limit) {
    const what = JSON.stringify(request).slice(0, 100);
    let late = false;
    const kill = () => ((late = true), this.#child.kill('SIGKILL'));
    const timer = limit === undefined ? undefined : setTimeout(kill, 1000 * limit);
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    clearTimeout(timer);
    if (late) throw new SetupError(`bench: ${this.name} took longer than ${limit.toFixed(0)} s for ${what}`);
    if (done) throw new SetupError(`bench: ${this.name} ended while it ran ${what}`);
    return JSON.parse(value);
  }

  /** Ends the process; resolves when its memory is free again. */
  end() {
    this.#child.stdin.end();
    return this.#ended;
  }
}
