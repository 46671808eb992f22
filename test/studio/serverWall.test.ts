// The wall: nothing that the studio's server loads leads to libtorch, which can end a process. Only its workers load it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '..', '..', 'src');
const isWorker = (file: string) => file.startsWith('studio/worker/');

/** The files that a file loads when it runs: imports of types alone are gone by then. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\b(?! type\b)[^;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return Array.from(found, ([, from, bare, dynamic]) => from ?? bare ?? dynamic!)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'))
    .filter((name) => existsSync(join(source, name)));
}

/** How a file comes to load one of some others; undefined where it never does. */
function wayTo(isGoal: (file: string) => boolean, start: string): string[] | undefined {
  const ways = new Map<string, string[]>([[start, [start]]]);
  for (const [file, way] of ways) {
    if (isGoal(file)) return way;
    for (const next of loadedBy(file)) if (!ways.has(next)) ways.set(next, [...way, next]);
  }
  return undefined;
}

const isTorch = (file: string) => file.startsWith('torch/');
const product = readdirSync(join(source, 'studio'), { recursive: true, encoding: 'utf8' })
  .map((file) => `studio/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

test('the server never loads libtorch, and its worker does', () => {
  const server = [...product.filter((file) => !isWorker(file)), 'cli/studio.ts'];
  expect(server.length).toBeGreaterThan(20);
  expect(server.flatMap((file) => wayTo(isTorch, file)?.join(' > ') ?? [])).toEqual([]);
  expect(wayTo(isTorch, 'studio/worker/main.ts')).toBeDefined();
});

test('the server loads nothing of its worker', () => {
  const server = product.filter((file) => !isWorker(file));
  expect(server.flatMap((file) => wayTo(isWorker, file)?.join(' > ') ?? [])).toEqual([]);
});

test('the contract imports nothing but zod', () => {
  const contract = product.filter((file) => file.startsWith('studio/api/'));
  const names = contract.flatMap((file) => Array.from(readFileSync(join(source, file), 'utf8').matchAll(/from '([^.'][^']*)'/g), ([, name]) => name)); // prettier-ignore
  expect([...new Set(names)]).toEqual(['zod']);
  expect(contract.flatMap(loadedBy).filter((file) => !file.startsWith('studio/api/'))).toEqual([]);
});
