// What a worker does once libtorch is loaded: one thing after the other, but it hears at once what is not wanted any more. It ends with the server,
// whatever ends that.
import { constants, setPriority } from 'node:os';
import { UsageError } from '../../util/errors.js';
import { useMachine } from '../../recipes/index.js';
import { runBatch } from './batch.js';
import type { Batch, FromWorker, Refusal, Task, ToWorker, WorkerSettings } from './messages.js';
import { ModelChanged, ModelShelf } from './modelShelf.js';
import { tasks } from './tasks.js';

const settings = JSON.parse(process.argv[2]!) as WorkerSettings;
const dropped = new Set<number>();
const shelf = new ModelShelf(settings);
/** Why nothing can be computed here, e.g. for want of the device; every request is answered with it. */
let unusable: Error | undefined;

function say(message: FromWorker): void {
  if (process.connected) process.send!(message);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof UsageError)
    return { message: error.message, usage: true, changed: error instanceof ModelChanged };
  return { message: String((error as Error).stack ?? error), usage: false };
}

async function answer({ task, name, input }: Task): Promise<void> {
  try {
    if (unusable) throw unusable;
    const body = tasks[name];
    if (!body) throw new Error(`internal: no task ${name}`);
    say({ type: 'answer', task, output: await body(shelf, input) });
  } catch (error) {
    say({ type: 'refused', task, why: refusalOf(error) });
  }
}

async function compute(batch: Batch): Promise<void> {
  try {
    if (unusable) throw unusable;
    await runBatch(shelf, batch, (member) => dropped.has(member), say);
    say({ type: 'finished', batch: batch.batch });
  } catch (error) {
    say({ type: 'finished', batch: batch.batch, why: refusalOf(error) });
  } finally {
    for (const { member } of batch.members) dropped.delete(member);
  }
}

let turn = Promise.resolve();
process.on('message', (message: ToWorker) => {
  if (message.type === 'drop') for (const member of message.members) dropped.add(member);
  else turn = turn.then(() => (message.type === 'task' ? answer(message) : compute(message)));
});
process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // the server says when to go

setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // the server answers while this computes
try {
  useMachine(settings);
} catch (error) {
  unusable = error as Error;
}
say({ type: 'ready' });
