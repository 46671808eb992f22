// `scalewise export` from arguments to what is printed, on the weights that come with Scalewise.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { run } from './main.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-cli-export-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const { out, told } = collectPrinted({ progress: false });

/** Runs the command; answers its exit code and what it printed. */
async function exported(...args: string[]) {
  out.length = told.length = 0;
  process.exitCode = 0;
  await run(['node', 'scalewise', 'export', ...args]);
  return { code: process.exitCode, out: out.join('\n'), told: told.join('\n') };
}

test('writes the folder, and says what is in it', async () => {
  const place = join(folder, 'wide');
  const { code, out } = await exported('--onnx', place, '--size', '32x48', '--name', 'after SAR');
  expect(code).toBe(0);
  expect(out).toContain(`${place}: after SAR, a flexvar generator of 6 blocks and 10 classes; scales 1,`);
  expect(out).toContain('8x12, 32 x 48 pixels');
  expect(out).toMatch(/\n {2}generator\.onnx +7\.6 MB {2}one scale: logits and caches\n/);
  expect(readdirSync(place).sort()).toEqual(['decoder.onnx', 'generator.onnx', 'pyramid.onnx', 'sampler.json']);
  expect(JSON.parse(readFileSync(join(place, 'sampler.json'), 'utf8'))).toMatchObject({
    format: 'scalewise-onnx',
    name: 'after SAR',
    imageSize: [32, 48],
    trainedOn: 'fashion-mnist',
  });
  const before = statSync(place).ino; // it may be somebody's working directory
  const again = await exported('--onnx', place, '--force', '--json');
  expect(statSync(place).ino).toBe(before);
  expect(readdirSync(place).length).toBe(4);
  expect(readdirSync(folder)).toEqual(['wide']);
  expect(JSON.parse(again.out)).toMatchObject({ folder: place, scales: [1, 2, 3, 5, 8] });
});

test.each([
  [[], /required option '--onnx <folder>' not specified/],
  [['--onnx', join(folder, 'wide')], /wide: it holds an export already; --force replaces it, or give a new folder/],
  [['--onnx', join(folder, 'new'), '-g', 'nowhere'], /--generator: there is no file or folder nowhere/],
  [['--onnx', join(folder, 'new'), '--size', '33'], /--size: expected sides divisible by 4, got 33/],
  [['--onnx', join(import.meta.dirname, 'export.test.ts')], /expected a folder for the export, found a file/],
])('%j is refused in a sentence', async (args, sentence) => {
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((line) => told.push(String(line)) > 0);
  const { code, told: sentences } = await exported(...args);
  stderr.mockRestore();
  expect(code).toBe(2);
  expect(sentences).toMatch(sentence);
});
