// Several processes on this machine: collectives, gradients, and what becomes of the others when one is gone.
import { describe, expect, test } from 'vitest';
import { libtorch } from '../../src/torch/index.js';
import { type Member, startJob } from './job.js';

/** What each process of a job printed; all must end well. */
async function resultsOf<T>(members: readonly Member[]): Promise<T[]> {
  const ends = await Promise.all(members.map((one) => one.ended));
  for (const { code, err } of ends) expect({ code, err }).toEqual({ code: 0, err: '' });
  return ends.map(({ out }) => JSON.parse(out) as T);
}

const { gloo } = libtorch();
if (!gloo) console.log('not tested: this libtorch was built without Gloo');

describe.runIf(gloo).concurrent('processes', () => {
  test('collectives give every process the same', async () => {
    const results = await resultsOf(await startJob('collectives', 4));
    for (const one of results)
      expect(one).toEqual({
        sum: [10, 40],
        turned: [6, 6, 0, 4, 0, 4],
        most: [3, 0],
        whole: [3],
        gathered: [[0, 0], [1, 1], [2, 2], [3, 3]],
        mean: { loss: 1.5, other: 1 },
        any: [true, false],
        said: [],
      }); // prettier-ignore
  });

  test('gradients are those of the whole batch in one process, and only add up between', async () => {
    interface Result {
      local: number[];
      gradients: number[][];
    }
    const jobs = [1, 2, 4].map(async (size) => resultsOf<Result>(await startJob('gradients', size)));
    const [[one], ...others] = (await Promise.all(jobs)) as [[Result], ...Result[][]];
    for (const results of others) {
      for (const { gradients } of results)
        gradients.flat().forEach((value, i) => { expect(value).toBeCloseTo(one.gradients.flat()[i]!, 6); }); // prettier-ignore
      expect(new Set(results.map(({ gradients }) => JSON.stringify(gradients))).size).toBe(1);
      expect(new Set(results.map(({ local }) => JSON.stringify(local))).size).toBe(results.length);
    }
  });

  const again = 'the run goes on from its last checkpoint when the same command is run again';
  test.each([
    { signal: 'SIGKILL', lost: 2, size: 4, who: 'rank 2 of 4' },
    { signal: 'SIGSTOP', lost: 1, size: 3, who: 'rank 1 of 3' },
    { signal: 'SIGKILL', lost: 0, size: 2, who: /^rank 0 of 2 at 127.0.0.1:\d+, where the others meet,/ },
    { signal: 'SIGSTOP', lost: 0, size: 2, who: /^rank 0 of 2 at 127.0.0.1:\d+, where the others meet,/ },
  ] as const)('rank $lost of $size gets $signal: the others name it', async ({ signal, lost, size, who }) => {
    const timeout = 3;
    const members = await startJob('steps', size, timeout);
    await Promise.all(members.map((one) => one.printed));
    const began = performance.now();
    members[lost]!.process.kill(signal);
    const others = await Promise.all(members.filter((_, rank) => rank !== lost).map((one) => one.ended));
    members[lost]!.process.kill('SIGKILL');
    expect((performance.now() - began) / 1000).toBeLessThan(timeout + 12);
    for (const { code, err } of others) {
      expect(err).toMatch(who);
      expect(err).toContain(`gave no answer (killed, stopped or cut off; the limit is ${timeout} s); ${again}`);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect(code).toBe(75);
    }
  }); // prettier-ignore
});
