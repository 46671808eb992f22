// Generators read with their weights in half the memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FlexVar, flexVarConfig, initialiseGenerator } from '../models/index.js';
import { Generator, noGrad, scope, tensor } from '../torch/index.js';
import { loadGenerator, saveGenerator } from './modelFiles.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-model-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a generator read with weights in bfloat16 computes in float32, near the one in float32', () => {
  const path = join(folder, 'generator.safetensors');
  const sizes = { depth: 2, width: 32, heads: 2, classes: 3, vocabularySize: 20, codeWidth: 4, positionSide: 4 };
  const made = new FlexVar(flexVarConfig.parse(sizes));
  initialiseGenerator(made, new Generator(1), { gate: 0.5 });
  const card = { scales: [1, 2], imageSize: 32, classes: ['a', 'b', 'c'], data: '', tokenizer: '' };
  saveGenerator(path, made, card);
  made.dispose();
  noGrad(() => {
    scope(() => {
      const [whole, half] = (['float32', 'bfloat16'] as const).map((weights) => {
        const { generator } = loadGenerator(path, 'cpu', weights);
        const logits_BLV = generator.logits(tensor([0, 2], { dtype: 'int64' }), undefined, [2]);
        return { dtypes: new Set(generator.parameters().map((one) => one.dtype)), logits_BLV };
      });
      expect([whole!.dtypes, half!.dtypes]).toEqual([new Set(['float32']), new Set(['float32', 'bfloat16'])]);
      expect(half!.logits_BLV.dtype).toBe('float32');
      const largest = whole!.logits_BLV.abs().amax().item();
      const difference = half!.logits_BLV.sub(whole!.logits_BLV).abs().amax().item();
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThan(0.02 * largest);
    });
  });
});
