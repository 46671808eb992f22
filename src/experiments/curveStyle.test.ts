// Curves look different from each other, and their names have room.
import { expect, test } from 'vitest';
import { legendOf, stylesOf } from './curveStyle.js';

test('each curve has its own colour and mark; what arms are compared with is grey', () => {
  const styles = stylesOf([{ role: 'before' }, { role: 'control' }, ...Array.from({ length: 8 }, () => ({}))]);
  expect(new Set(styles.map(({ color }) => color)).size).toBe(10);
  expect(new Set(styles.map(({ symbol }) => symbol)).size).toBe(10);
  expect(styles.slice(0, 2).map(({ color }) => color)).toEqual(['#888', '#222']);
});

test('an arm looks the same whether or not the pretrained generator stands before it', () => {
  const arms = [{ role: 'control' as const }, {}, {}];
  expect(stylesOf([{ role: 'before' }, ...arms]).slice(1)).toEqual(stylesOf(arms));
});

test('a legend grows by rows where names need them', () => {
  const short = legendOf(['control', 'sar'], 780);
  const long = legendOf(['control', 'sar', 'two-pass-ground-truth', 'hybrid', 'alternate-scales', 'student'], 780);
  expect(long.height).toBe(2 * short.height);
  expect((long.option as { width: number }).width).toBeLessThanOrEqual(780);
});
