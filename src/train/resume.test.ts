// What becomes of the other processes when the first one leaves them while a run is taken up.
import { expect, test } from 'vitest';
import { type ProcessGroup, TorchError } from '../torch/index.js';
import { PeerLostError } from './peers.js';
import { resume } from './resume.js';
import type { RunFolder } from './runFolder.js';
import { alone, type World } from './world.js';

test('a first process that finds no whole checkpoint and leaves is named by the others', () => {
  const broadcast = () => {
    throw new TorchError('Connection closed by peer');
  };
  const lost = new PeerLostError([0], 2, 'did not answer');
  const explain = (error: unknown) => (error instanceof TorchError ? lost : error);
  const world: World = { ...alone, rank: 1, size: 2, isFirst: false, group: { broadcast } as unknown as ProcessGroup, explain }; // prettier-ignore
  expect(() => resume({ world, run: Object.create(null) as RunFolder, parts: {}, say: () => undefined })).toThrow(lost);
});
