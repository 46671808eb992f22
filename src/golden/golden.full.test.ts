// Golden values of the full-size published models, read from checkpoints as their authors publish them, which PyTorch writes here: minutes, and
// 4 GB of memory.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { libtorch } from '../torch/index.js';
import { checkFile } from './index.js';

const project = join(import.meta.dirname, '..', '..');
const golden = join(project, 'test', 'golden');

/** Writes tokenizer and generator of a keys file with formula weights, by whichever PyTorch python3 has here. */
function writeCheckpoint(keys: string, seed: number, out: string): void {
  const path = [dirname(libtorch().build.root), join(project, 'build', 'bench-python')].join(delimiter);
  const script = join(project, 'test', 'pth', 'writeHashWeights.py');
  const env = { ...process.env, PYTHONPATH: path };
  const { status, stderr } = spawnSync('python3', [script, keys, String(seed), out], { env, encoding: 'utf8' });
  expect(status, `PyTorch is needed here (npm run bench fetches what it needs): ${stderr}`).toBe(0);
}

test.each([
  ['flexvar_d16', 15],
  ['var_d16', 15],
])('%s', (name, count) => {
  const folder = mkdtempSync(join(tmpdir(), 'golden-full-'));
  try {
    const weights = join(folder, 'checkpoint.pth');
    writeCheckpoint(join(golden, `${name}_keys.json`), 0, weights);
    const { checks, unread } = checkFile(join(golden, `${name}.safetensors`), weights);
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(checks.length).toBe(count);
    expect(unread).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
