// Writes src/torch/generated/operators.ts: typed wrappers of the operators that src/torch/operators.json names, from libtorch's own schemas.
// `--check` writes nothing and exits 1 where the file is not current.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './operator-wrappers.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const buildFile = process.env['SCALEWISE_LIBTORCH_BUILD'] ?? join(root, 'build', 'libtorch.json');
const build = JSON.parse(readFileSync(buildFile, 'utf8'));
const native = createRequire(import.meta.url)(resolve(dirname(buildFile), build.addon));
const operators = JSON.parse(readFileSync(join(root, 'src', 'torch', 'operators.json'), 'utf8'));
const target = join(root, 'src', 'torch', 'generated', 'operators.ts');
const text = generate(operators, (name) => native.schema(name));

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is not current: run \`npm run generate\``);
    process.exitCode = 1;
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  console.log(`${Object.keys(operators).length} operators written to ${target}`);
}
