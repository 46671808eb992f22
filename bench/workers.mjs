// The processes that do the work of a benchmark: they answer requests, one line of JSON each.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SetupError } from '../scripts/setup/run.mjs';

/** A process that answers requests in turn. */
export class Worker {
  #child;
  #lines;

  constructor(name, program, args, env) {
    this.name = name;
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new SetupError(`bench: ${this.name} ended while it ran ${JSON.stringify(request).slice(0, 100)}`);
    return JSON.parse(value);
  }

  end() {
    this.#child.stdin.end();
  }
}
