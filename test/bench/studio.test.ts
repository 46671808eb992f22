// The studio under the load of its benchmark, for a moment: everybody is answered or put off, and all that is measured is there.
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error a script without types
import { loadStudio as untyped } from '../../bench/studio.mjs';
import { temporary } from '../cli/run.js';

interface Load {
  statuses: Record<string, Record<string, number>>;
  wrong: string[];
  rows: { name: string; count: number; median: number; p99: number }[];
  samples: { rss: number; lag: number; cpu: number; images: number }[];
}
const loadStudio = untyped as (options: object) => Promise<Load>;

test('nobody sees an error, and the figures are whole', async () => {
  const out = join(temporary(), 'load.json');
  const { statuses, wrong, rows, samples } = await loadStudio({ clients: 4, seconds: 1, threads: 1, out });
  expect(wrong).toEqual([]);
  expect(statuses['GET events']!['200']).toBeGreaterThan(0);
  expect(statuses['POST /v1/images/generations']!['200']).toBeGreaterThan(0);
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['/healthz', '/v1/models', '/metrics']));
  for (const { count, median, p99 } of rows) expect(count > 0 && median > 0 && p99 >= median).toBe(true);
  for (const { rss, lag, cpu } of samples) expect([rss > 0, lag >= 0, cpu > 0]).toEqual([true, true, true]);
  expect(samples.at(-1)!.images).toBeGreaterThan(0);
}, 600_000);
