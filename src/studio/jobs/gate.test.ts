// The gate of tasks: few of a client, not many of all, and none that nobody waits for.
import { expect, test } from 'vitest';
import { TaskGate } from './gate.js';

/** Work that waits until it is given up or answered. */
function waiting() {
  const answers: ((value: unknown) => void)[] = [];
  const work = (given: AbortSignal) => new Promise<unknown>((done, failed) => {
    answers.push(done);
    given.addEventListener('abort', () => { failed(given.reason as Error); });
  }); // prettier-ignore
  return { work, answers };
}

const nobodyLeaves = new AbortController().signal;
const limits = { tasks: 3, perClient: 2, waitTime: 60_000 };

test('more than its share is refused a client, and more than there is room for everyone', async () => {
  const { work, answers } = waiting();
  const gate = new TaskGate(limits);
  const run = (client: string) => gate.pass(client, nobodyLeaves, work);
  const first = run('a');
  void run('a');
  await expect(run('a')).rejects.toMatchObject({ statusCode: 429, code: 'client_limit' });
  void run('b');
  await expect(run('c')).rejects.toMatchObject({ statusCode: 429, code: 'queue_full' });
  answers[0]!('one');
  expect(await first).toBe('one');
  expect(gate.size).toBe(2);
  void run('a');
  expect(gate.size).toBe(3);
});

test('whoever leaves, or waits for too long, makes room', async () => {
  const left = new AbortController();
  const gate = new TaskGate({ ...limits, waitTime: 20 });
  const { work } = waiting();
  const leaver = gate.pass('a', left.signal, work);
  left.abort(new Error('left'));
  await expect(leaver).rejects.toThrow('left');
  await expect(gate.pass('a', nobodyLeaves, work)).rejects.toMatchObject({ statusCode: 504, type: 'timed_out' });
  expect(gate.size).toBe(0);
});
