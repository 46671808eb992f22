// What the page says of an explanation: what each family feeds a scale with.
import { expect, test } from 'vitest';
import type { Explanation } from '../../../src/studio/api/index.js';
import { fedTokens, feeding } from './read.js';

const explanation = (family: 'flexvar' | 'var') =>
  ({ family, pyramid: [1, 4, 9, 25].map((count) => ({ tokens: Array.from({ length: count }, () => 0) })) }) as unknown as Explanation; // prettier-ignore

test('FlexVAR feeds a scale with the one before it, VAR with the sum of all', () => {
  expect([feeding(explanation('flexvar')), fedTokens(explanation('flexvar'), 3)]).toEqual(['the scale before, enlarged', 9]); // prettier-ignore
  expect([feeding(explanation('var')), fedTokens(explanation('var'), 3)]).toEqual(['all scales before, summed and enlarged', 14]); // prettier-ignore
});
