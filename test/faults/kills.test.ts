// Ten of the two hundred kills of kills.full.test.ts.
import { expect, test } from 'vitest';
import { punish } from './kills.js';
import { tinyGround } from './tinyRun.js';

test('ten kills at random moments change nothing of what a training ends in', async () => {
  const toll = await punish(await tinyGround(), 10, 100, 1);
  expect(toll.kills).toBeGreaterThanOrEqual(10);
}, 300_000);
