// The gate of tasks: few of a client, not many of all, and none that nobody waits for.
import { expect, test } from 'vitest';
import { TaskGate } from './gate.js';

/** A scheduler whose tasks wait until they are given up or answered. */
function waiting() {
  const answers: ((value: unknown) => void)[] = [];
  const task = (_name: string, _input: unknown, given?: AbortSignal) => new Promise<unknown>((done, failed) => {
    answers.push(done);
    given!.addEventListener('abort', () => { failed(given!.reason as Error); });
  }); // prettier-ignore
  return { scheduler: { task }, answers };
}

const nobodyLeaves = new AbortController().signal;
const limits = { tasks: 3, perClient: 2, waitTime: 60_000 };

test('more than its share is refused a client, and more than there is room for everyone', async () => {
  const { scheduler, answers } = waiting();
  const gate = new TaskGate(scheduler, limits);
  const run = (client: string) => gate.run(client, 'x', 0, nobodyLeaves);
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
  const gate = new TaskGate(waiting().scheduler, { ...limits, waitTime: 20 });
  const leaver = gate.run('a', 'x', 0, left.signal);
  left.abort(new Error('left'));
  await expect(leaver).rejects.toThrow('left');
  await expect(gate.run('a', 'x', 0, nobodyLeaves)).rejects.toMatchObject({ statusCode: 504, type: 'timed_out' });
  expect(gate.size).toBe(0);
});
