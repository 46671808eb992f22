// The package from outside, by its own name: README's library example compiles in strict mode and runs, and every subpath loads.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const project = join(import.meta.dirname, '..');
mkdirSync(join(project, 'build'), { recursive: true });
const folder = mkdtempSync(join(project, 'build', 'package-test-')); // inside the package, so that it can import itself
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("README's library example", () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(project, 'README.md'), 'utf8'))![1]!;
  writeFileSync(join(folder, 'example.ts'), example);
  const compiler = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
  const compilerOptions = {
    target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], module: 'NodeNext', strict: true, skipLibCheck: true, types: ['node'],
  }; // prettier-ignore
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
  const compiled = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  const out = execFileSync(process.execPath, [join(folder, 'example.js')], { encoding: 'utf8' });
  expect(out).toMatch(/loss_csf: \d/);
  expect(out).toContain('scale 4 × 4: images 2 × 3 × 16 × 16');
});

test('every subpath of the package loads, and the root names every layer', () => {
  const { exports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { exports: object };
  const layers = Object.keys(exports).flatMap((key) => /^\.\/(\w+)$/.exec(key)?.[1] ?? []);
  const script = `
    const root = await import('scalewise');
    for (const layer of ${JSON.stringify(layers)}) {
      const module = await import('scalewise/' + layer);
      if (root[layer] !== module || !Object.keys(module).length) throw new Error(layer);
    }
    console.log(Object.keys(root).join(' '));`;
  writeFileSync(join(folder, 'subpaths.mjs'), script);
  const out = execFileSync(process.execPath, [join(folder, 'subpaths.mjs')], { encoding: 'utf8' });
  expect(out.trim().split(' ').sort()).toEqual(['UsageError', ...layers].sort());
});
