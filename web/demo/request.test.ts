// The demo page's address: the same request again, also where classes share a name.
import { expect, test } from 'vitest';
import type { SamplerDescription } from '../../src/onnx/description.js';
import { queryOf, requestFrom } from './request.js';

const description = { classes: ['Bag', 'Crane', 'Crane', '0'] } as SamplerDescription;

test('what an address says is read as it was written', () => {
  for (const label of [0, 1, 2, 3]) {
    const request = { label, seed: 7, guidance: 1.5, greedy: label === 1 };
    expect(requestFrom(new URLSearchParams(queryOf(request, description)), description)).toEqual(request);
  }
  expect(queryOf({ label: 0, seed: 1, guidance: 2, greedy: false }, description, 'wasm')).toBe('?class=Bag&seed=1&guidance=2&backend=wasm'); // prettier-ignore
});

test('what it says wrongly is as usual', () => {
  const usual = { label: 0, seed: 1, guidance: 2, greedy: false };
  for (const query of ['', 'class=Hat&seed=x&guidance=9', 'class=9&seed=-1'])
    expect(requestFrom(new URLSearchParams(query), description)).toEqual(usual);
});
