// The generated wrappers are those of the schemas of torch 2.13; on another libtorch every operator in use is there, or is asked for first.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { has, libtorch, op } from '../../src/torch/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const generatedFrom = '2.13.';
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const names = Object.values(JSON.parse(text('src/torch/operators.json')) as Record<string, string[]>).flat();

/** Operators that some file of src/ names outside of the generated wrappers: `has(…)`, `op(…)`, a constant. */
function namedInSource(): Set<string> {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const own = files.filter((file) => file.endsWith('.ts') && !/generated|\.test\.ts$/.test(file));
  return new Set(own.flatMap((file) => text(join('src', file)).match(/(?<=')aten::[\w.]+(?=')/g) ?? []));
}

test.runIf(libtorch().version.startsWith(generatedFrom))('generated/operators.ts is current', () => {
  const check = spawnSync(process.execPath, [join(root, 'scripts', 'generate-operators.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(check.stderr).toBe('');
  expect(check.status).toBe(0);
});

test('operators in use are callable, or code asks with has() before it calls', () => {
  const named = namedInSource();
  const missing = names.filter((name) => !has(name));
  expect(missing.filter((name) => !named.has(name))).toEqual([]);
  for (const name of names.filter((one) => has(one))) expect(() => op(name)).not.toThrow();
});
