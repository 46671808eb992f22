// Against PyTorch itself: it reads what is written here, past 4 GiB too, and full-size files of formula weights that it writes are read here.
// Runs with every PyTorch that a python3 has: the one that `npm run bench` sets up, and a system's own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hashWeights } from '../../golden/hash.js';
import { Module, openWeights, parameter } from '../../nn/index.js';
import { PthFile, writePth } from '../index.js';
import { elementSizes, type SafetensorsType, type TensorSource } from '../tensors.js';

const project = join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'scalewise-pth-full-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Python {
  version: string;
  run: (...args: string[]) => string;
}

/** A python3 that has PyTorch, or undefined. */
function pythonAt(command: string, path: string): Python | undefined {
  const env = { ...process.env, PYTHONPATH: path, OMP_NUM_THREADS: '2' };
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, ['-W', 'ignore', ...args], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args[0]}: ${stderr}`);
    return stdout;
  };
  try {
    return { version: run('-c', 'import torch; print(torch.__version__)').trim(), run };
  } catch {
    return undefined;
  }
}

function pythons(): Python[] {
  const build = join(project, 'build', 'libtorch.json');
  const root = existsSync(build) ? (JSON.parse(readFileSync(build, 'utf8')) as { root: string }).root : '';
  const beside = [dirname(root), join(project, 'build', 'bench-python')].join(delimiter);
  const found = [pythonAt('python3', beside), pythonAt('/usr/bin/python3', '')].filter((one) => one !== undefined);
  return found.filter((one, i) => found.findIndex(({ version }) => version === one.version) === i);
}

/** Prints type, sizes and the hash of the bytes of every tensor. */
const describeFile = `
import hashlib, json, sys, torch
options = {"mmap": True} if sys.argv[2:] else {}
def described(x):
    raw = x.contiguous().reshape(-1).view(torch.uint8)
    digest = hashlib.sha256(bytes(raw.tolist())).hexdigest() if raw.numel() < 10**6 else ""
    return [str(x.dtype), list(x.shape), digest]
print(json.dumps({k: described(v) for k, v in torch.load(sys.argv[1], weights_only=True, **options).items()}))
`;
const types: [SafetensorsType, string][] = [
  ['F64', 'float64'], ['F32', 'float32'], ['F16', 'float16'], ['BF16', 'bfloat16'], ['I64', 'int64'],
  ['I32', 'int32'], ['I16', 'int16'], ['I8', 'int8'], ['U8', 'uint8'], ['BOOL', 'bool'],
]; // prettier-ignore

/** Parameters of given names and shapes. */
class Bag extends Module {
  constructor(shapes: Record<string, readonly number[]>) {
    super();
    for (const [name, shape] of Object.entries(shapes)) this.add(name, parameter(shape));
  }
}

type Shapes = Record<string, readonly number[]>;
const buffers = /(^|\.)(attn_bias_for_masking|zero_k_bias|codebook_used|lvl_1L|ema_vocab_hit_SV)$/;
const keysOf = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { tokenizer: Shapes; generator: Shapes };

/** Every tensor that the formula makes stands in the file as it makes it here. */
function compareWithFormula(path: string, shapes: Shapes, prefix: string, seed: number): number {
  const hashed = Object.entries(shapes).filter(
    ([name, shape]) => !buffers.test(name) && !(name === 'pos_1LC' && shape.length === 4),
  );
  const bag = new Bag(Object.fromEntries(hashed));
  hashWeights(bag, seed);
  using file = openWeights(path);
  for (const [name, expected] of bag.namedParameters()) {
    using found = file.tensor(prefix + name);
    expect(found.shape, name).toEqual(expected.shape);
    expect(Buffer.compare(found.bytes(), expected.bytes()), name).toBe(0);
    expected.dispose();
  }
  return hashed.length;
}

const small = {
  tokenizer: {
    'encoder.conv_in.weight': [4, 3, 3, 3],
    'quantize.embedding.weight': [16, 4],
    'quantize.codebook_used': [16],
  },
  generator: {
    pos_1LC: [1, 6, 4],
    lvl_1L: [1, 6],
    'lvl_embed.weight': [2, 4],
    'blocks.0.ada_gss': [1, 1, 6, 4],
    'head.bias': [5],
  },
};

const found = pythons();
test('a python3 here has PyTorch', ({ skip }) => {
  skip(found.length === 0, '`npm run bench` sets one up');
  expect(found.every(({ version }) => /^[12]\./.test(version))).toBe(true);
});

describe.each(found)('PyTorch $version', ({ version, run }) => {
  const script = join(project, 'test', 'pth', 'writeHashWeights.py');

  test('reads what is written here, strictly', () => {
    const path = join(folder, 'ours.pth');
    const bytesOf = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 2);
    const list = types.flatMap(([dtype]) =>
      [[], [3], [2, 0], [2, 3, 4]].map((shape): [string, TensorSource] => {
        const bytes = bytesOf(shape.reduce((a, b) => a * b, elementSizes[dtype]));
        return [`${dtype}.größe.${shape.join('x')}`, { dtype, shape, bytes: () => bytes }];
      }),
    );
    writePth(path, new Map(list));
    const names = new Map(types);
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const expected = Object.fromEntries(
      list.map(([name, { dtype, shape, bytes }]) => [name, [`torch.${names.get(dtype)!}`, shape, digest(bytes())]]),
    );
    expect(JSON.parse(run('-c', describeFile, path))).toEqual(expected);
    if (!version.startsWith('1.')) expect(JSON.parse(run('-c', describeFile, path, 'mmap'))).toEqual(expected);
  });

  test('reads what is written here past 4 GiB', () => {
    const path = join(folder, 'large.pth');
    const large = { dtype: 'U8', shape: [2 ** 31 + 5], bytes: () => new Uint8Array(2 ** 31 + 5) } as const;
    const last = { dtype: 'F32', shape: [2], bytes: () => new Uint8Array(Float32Array.of(1, 2).buffer) } as const;
    writePth(path, new Map<string, TensorSource>([['a', large], ['b', large], ['last', last]])); // prettier-ignore
    const read = JSON.parse(run('-c', describeFile, path)) as Record<string, unknown[]>;
    expect(read['b']).toEqual(['torch.uint8', [2 ** 31 + 5], '']);
    expect(read['last']![2]).toBe(createHash('sha256').update(last.bytes()).digest('hex'));
    using file = new PthFile(path);
    expect(file.read('last').bytes).toEqual(last.bytes());
    rmSync(path);
  });

  test.each([
    ['zip', []],
    ['legacy', ['--legacy']],
  ] as const)('formula weights of a small model, %s', (_, flags) => {
    const [keys, path] = [join(folder, 'keys.json'), join(folder, 'small.pth')];
    writeFileSync(keys, JSON.stringify(small));
    run(script, keys, '7', path, ...flags);
    expect(compareWithFormula(path, small.tokenizer, 'trainer.vae_local.', 7)).toBe(2);
    expect(compareWithFormula(path, small.generator, 'trainer.var_wo_ddp.', 7)).toBe(4);
    run(script, keys, '8', path, '--part', 'tokenizer', ...flags);
    expect(compareWithFormula(path, small.tokenizer, '', 8)).toBe(2);
  });

  test.each([
    ['flexvar', 'zip', []],
    ['flexvar', 'legacy', ['--legacy']],
    ['var', 'zip', []],
  ] as const)('formula weights of %s d16, %s', (family, _, flags) => {
    const [keys, path] = [join(project, 'test', 'golden', `${family}_d16_keys.json`), join(folder, 'd16.pth')];
    run(script, keys, '3', path, '--part', 'generator', ...flags);
    expect(compareWithFormula(path, keysOf(keys).generator, '', 3)).toBeGreaterThan(190);
    rmSync(path);
  });
});
