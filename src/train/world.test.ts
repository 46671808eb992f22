// Which device a process of a job takes.
import { expect, test } from 'vitest';
import { resolveTopology } from '../launch/index.js';
import { deviceOf } from './world.js';

const of = (localRank: number, worldSize: number) =>
  resolveTopology({}, { rank: localRank, worldSize, localRank, master: '127.0.0.1:29500' });

test('each process takes its own of the GPUs that it sees', () => {
  expect([0, 1, 3].map((localRank) => deviceOf('cuda', of(localRank, 4), 4))).toEqual(['cuda:0', 'cuda:1', 'cuda:3']);
  expect([0, 3].map((localRank) => deviceOf('cuda', of(localRank, 4), 1))).toEqual(['cuda:0', 'cuda:0']);
  expect(deviceOf('cuda', of(0, 1), 4)).toBe('cuda');
  expect(deviceOf('cuda:2', of(1, 4), 4)).toBe('cuda:2');
  expect(deviceOf('cpu', of(1, 4), 0)).toBe('cpu');
});
