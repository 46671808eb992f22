// What a distance may be called: FID-50k is a protocol, and each of its conditions is needed.
import { expect, test } from 'vitest';
import type { EvaluationNetwork } from './network.js';
import { distanceName, whyNotAdm } from './protocol.js';
import type { Reference } from './reference.js';
import type { Subject } from './subject.js';

const network = (name: string) => ({ distance: { key: 'fid', name } }) as EvaluationNetwork;
const reference = (isAdm: boolean) => ({ isAdm }) as Reference;
const subject = (count: number, balanced: boolean | undefined) => ({ name: 'samples', count, balanced }) as Subject;

test.each([
  ['FID', true, 50_000, true, 'FID-50k (ADM protocol)', undefined],
  ['FID', true, 49_999, true, 'FID', 'samples: this is no FID-50k: 49999 images instead of 50000.'],
  ['FID', true, 50_000, false, 'FID', 'samples: this is no FID-50k: the classes have no equal shares.'],
  ['FID', true, 50_000, undefined, 'FID', expect.stringMatching(/^samples: not called FID-50k, since nothing says/)],
  ['FID', false, 50_000, true, 'FID', undefined],
  ['FD of network', true, 50_000, true, 'FD of network', undefined],
] as const)('%s, of ADM %s, %i images, balanced %s: %s', (name, isAdm, count, balanced, called, why) => {
  const all = [network(name), reference(isAdm), subject(count, balanced)] as const;
  expect(distanceName(...all)).toBe(called);
  expect(whyNotAdm(...all)).toEqual(why);
});
