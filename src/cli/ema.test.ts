// `scalewise ema …` on a run folder with snapshots of a generator: what it lists, writes and refuses; the file loads as a generator.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { tinyFlexVar } from '../../test/models.js';
import { fingerprint, generatorMetadata, loadModels, saveTokenizer } from '../recipes/modelFiles.js';
import { PowerEma } from '../train/index.js';
import { noGrad } from '../torch/index.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-ema-'));
const folder = join(root, 'gen');
const { generator, tokenizer } = tinyFlexVar({ vocabularySize: 30, width: 24, heads: 2, classes: 2 });
const card = { scales: [1, 2], imageSize: 4, classes: ['a', 'b'], data: '', tokenizer: fingerprint(tokenizer) };
saveTokenizer(join(folder, 'tokenizer.safetensors'), tokenizer);
const ema = new PowerEma(generator);
for (let step = 1; step <= 8; step++) {
  noGrad(() => generator.head.bias_O!.fill_(step));
  ema.update();
  if (step % 2 === 0) ema.snapshot(join(folder, 'ema'), generatorMetadata(generator, card));
}

const { out, told } = collectPrinted({ progress: false });
afterAll(() => {
  for (const one of [generator, tokenizer, ema]) one.dispose();
  rmSync(root, { recursive: true });
});

/** Runs the command; answers its exit code and what it printed. */
async function scalewise(...args: string[]): Promise<{ code: unknown; out: string[]; told: string[] }> {
  for (const lines of [out, told]) lines.length = 0;
  process.exitCode = 0;
  await run(['node', 'scalewise', 'ema', ...args]);
  return { code: process.exitCode, out, told };
}

test('--list shows the snapshots, oldest first', async () => {
  const listed = await scalewise(folder, '--list');
  expect(listed.code).toBe(0);
  expect(listed.out.length).toBe(8);
  expect(listed.out[1]).toBe(`step 2  sigma 0.100  ${join(folder, 'ema', 'step-00000002-sigma0.100.safetensors')}`);
});

test('a snapshot, and what is made of several, are generators; the tokenizer is found in the run', async () => {
  const file = join(folder, 'wide.safetensors');
  const made = await scalewise(folder, '--sigma', '0.15', '--step', '6', '--out', file);
  expect(made).toMatchObject({ code: 0, told: [] });
  expect(made.out[0]).toBe(`${file}: sigma 0.15 at step 6, of 6 snapshots`);
  const [, missed] = /^the profile is met but for ([\d.]+) % of its norm$/.exec(made.out[1]!)!;
  expect(Number(missed)).toBeGreaterThan(0);
  expect(Number(missed)).toBeLessThan(20);
  const biases = [
    'ema/step-00000006-sigma0.050.safetensors',
    'ema/step-00000006-sigma0.100.safetensors',
    'wide.safetensors',
  ].map((name) => {
    const models = loadModels(join(folder, name), undefined);
    expect(models.card).toEqual(card);
    const [bias] = models.generator.head.bias_O!.toArray();
    for (const one of [models.generator, models.tokenizer]) one.dispose();
    return bias!;
  });
  expect(biases.toSorted((a, b) => b - a)).toEqual(biases); // the weights rise: the wider the average, the further behind
  expect(biases[0]).toBeLessThan(6);
  expect(biases[2]).toBeGreaterThan(1);
});

test.each<[args: string[], sentence: RegExp]>([
  [['--sigma', '0.5', '--out', 'x'], /^error: EMA: expected a width above 0 and at most 0.289, got 0.5$/],
  [
    ['--sigma', '0.1', '--step', '1', '--out', 'x'],
    /^error: --step: there is no snapshot up to step 1; --list shows which there are$/,
  ],
  [
    ['--sigma', '0.1', '--step', '9', '--out', 'x'],
    /^error: --step: expected at most 8, the step of the last snapshot, found 9$/,
  ],
  [['--sigma', '0.1'], /^error: ema: expected --sigma and --out, or --list to see what there is$/],
  [
    ['--sigma', '0.1', '--out', join(folder, 'tokenizer.safetensors')],
    /tokenizer.safetensors: it exists already; --force overwrites it$/,
  ],
])('%j is refused', async (args, sentence) => {
  const refused = await scalewise(folder, ...args);
  expect(refused.code).toBe(2);
  expect(refused.told.join('\n')).toMatch(sentence);
  expect(existsSync('x')).toBe(false);
});

test('a folder without snapshots, and none at all', async () => {
  expect((await scalewise(root, '--list')).told[0]).toBe(`error: ${root}: it holds no snapshots of averages; train with --set ema=[0.05,0.1] to have them`); // prettier-ignore
  expect((await scalewise(join(root, 'no'), '--list')).told[0]).toMatch(/no: there is no such folder$/);
});
