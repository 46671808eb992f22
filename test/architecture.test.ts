// The layers of src/: imports go down only. Beside it: how long a file may be, who may touch the addon, and what SAR must not know of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');

const engine = ['torch', 'util'];
const learning = ['nn', ...engine];
const modelling = ['models', 'tokenizers', ...learning];
const programs = [
  'launch',
  'hub',
  'checkpoints',
  'sar',
  'sampling',
  'train',
  'evaluate',
  'data',
  'formats',
  ...modelling,
];

/** What the files of each folder of src/ may import, their own folder aside; `index.ts` is the library's public face. A new folder needs a line here. */
const mayImport: Record<string, readonly string[]> = {
  util: [],
  formats: ['util'],
  hub: ['formats', 'util'],
  launch: ['util'],
  torch: ['util'],
  data: ['formats', ...engine],
  nn: ['formats', ...engine],
  tokenizers: learning,
  models: ['tokenizers', ...learning],
  checkpoints: ['formats', ...modelling],
  train: ['launch', 'formats', ...learning],
  evaluate: ['data', 'formats', ...learning],
  sampling: modelling,
  sar: ['sampling', ...modelling],
  onnx: ['sampling', 'formats', ...modelling],
  golden: programs,
  recipes: programs,
  experiments: ['recipes', ...programs],
  'index.ts': ['experiments', 'golden', 'recipes', ...programs],
  studio: ['experiments', 'recipes', ...programs],
  cli: ['studio', 'onnx', 'experiments', 'recipes', 'golden', ...programs],
};

/** Every TypeScript file below src/, relative to it. */
function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

const isGenerated = (file: string) => /^\w+\/generated\//.test(file);
/** Tests may look upwards for something to try their subject on. */
const isProduct = (file: string) => !file.endsWith('.test.ts');
const layerOf = (file: string) => file.split('/')[0]!;

/** What a file imports: paths relative to src/ where they lie in it, other names (`node:fs`, `zod`) as they are. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const named = text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm);
  return Array.from(named, ([, from, bare, dynamic]) => from ?? bare ?? dynamic!).map((name) =>
    name.startsWith('.') ? posix.join(posix.dirname(file), name) : name,
  );
}

/** `file: what it does` of every import that `refused` says something about. */
function offences(refused: (file: string, imported: string) => string | undefined): string[] {
  return sourceFiles()
    .filter(isProduct)
    .flatMap((file) =>
      importsOf(file).flatMap((imported) => {
        const why = refused(file, imported);
        return why === undefined ? [] : [`${file} imports ${imported}: ${why}`];
      }),
    );
}

const isSource = (imported: string) => existsSync(join(source, imported.replace(/\.js$/, '.ts')));

describe('layers', () => {
  test('every folder has its line', () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).filter((name) => !(name in mayImport))).toEqual([]);
  });
  test('the imports are found', () => {
    expect(importsOf('torch/native.ts')).toContain('node:module');
    expect(importsOf('torch/tensor.ts')).toContain('torch/generated/operators.js');
  });
  test('imports go down only', () => {
    expect(
      offences((file, imported) => {
        if (file.endsWith('.test.ts') || file === 'index.ts') return undefined; // tests set up with what lies above; index.ts is the door
        if (!isSource(imported) || layerOf(imported) === layerOf(file)) return undefined;
        const allowed = mayImport[layerOf(file)] ?? [];
        return allowed.includes(layerOf(imported)) ? undefined : `src/${layerOf(file)} stands below it or beside it`;
      }),
    ).toEqual([]);
  });
  test('the addon is known to src/torch alone, and its wrappers are reached through the index', () => {
    expect(
      offences((file, imported) =>
        isSource(imported) &&
        layerOf(imported) === 'torch' &&
        layerOf(file) !== 'torch' &&
        imported !== 'torch/index.js'
          ? 'import torch/index.js'
          : undefined,
      ),
    ).toEqual([]);
  });
  test('SAR knows nothing of files, devices and logging', () => {
    expect(
      offences((file, imported) =>
        layerOf(file) === 'sar' && (imported.startsWith('node:') || imported.startsWith('util/progress'))
          ? 'SAR is passes and losses'
          : undefined,
      ),
    ).toEqual([]);
    const device = /'(cpu|cuda)|\bconsole\./;
    const named = sourceFiles().filter((file) => layerOf(file) === 'sar' && isProduct(file));
    expect(named.filter((file) => device.test(readFileSync(join(source, file), 'utf8')))).toEqual([]);
  });
});

test('no file is longer than 400 lines', () => {
  const lines = (file: string) => readFileSync(join(source, file), 'utf8').split('\n').length - 1;
  expect(sourceFiles().filter((file) => !isGenerated(file) && lines(file) > 400)).toEqual([]);
});
