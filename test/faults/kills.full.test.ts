// Two hundred kills (`npm run test:faults`): some minutes.
import { expect, test } from 'vitest';
import { punish } from './kills.js';
import { tinyGround } from './tinyRun.js';

test('two hundred kills at random moments change nothing of what trainings end in', async () => {
  const toll = await punish(await tinyGround(), 200, 200, 2);
  console.log(toll);
  expect(toll.kills).toBe(200);
  expect(toll.inSave).toBeGreaterThan(10);
});
