// A thousand training steps leave live tensors and resident memory where they were after the tenth.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { FlexVar, flexVarConfig, initialiseGenerator } from '../../src/models/index.js';
import { AdamW, parameterGroups } from '../../src/nn/index.js';
import { teacherForcingLoss } from '../../src/sar/index.js';
import {
  Generator,
  keep,
  liveBytes,
  liveTensors,
  randint,
  randn,
  setThreads,
  type Tensor,
  trimMemory,
} from '../../src/torch/index.js';
import { tokenCount } from '../../src/tokenizers/index.js';
import { optimizerStep } from '../../src/train/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const scales = [1, 2, 3];
const batch = 4;
const config = flexVarConfig.parse({ depth: 2, width: 32, heads: 2, classes: 5, vocabularySize: 16, codeWidth: 8 });

/** Makes V8 take the memory for short-lived objects that it would otherwise take little by little, and that is no leak. */
function growYoungGeneration() {
  const ring: object[] = [];
  for (let i = 0; i < 3_000_000; i++) ring[i % 200_000] = { i };
  ring.length = 0;
  collectGarbage();
}

/** What must stay: tensors and their bytes exactly, resident bytes but for noise. */
function memory() {
  collectGarbage();
  trimMemory();
  return { tensors: liveTensors(), bytes: liveBytes(), resident: process.memoryUsage().rss };
}

/** Steps until V8 has compiled what it will: until then it takes some 25 MiB, once. */
const warmUp = 2000;

test('1,000 steps', () => {
  setThreads(1); // the model is tiny
  growYoungGeneration();
  using random = new Generator(1);
  const generator = new FlexVar(config);
  initialiseGenerator(generator, random);
  const optimizer = new AdamW(parameterGroups(generator));
  const parameters = generator.parameters();
  const targets: Tensor[] = scales.map((side) => keep(randint(0, 16, [batch, side * side], { generator: random })));
  const step = () =>
    optimizerStep(
      { optimizer, parameters, learningRate: 1e-3, weightDecay: 0.05, clip: 2, precision: 'float32', device: 'cpu' },
      [
        () => {
          const labels_B = randint(0, 5, [batch], { generator: random });
          const inputs_BLE = randn([batch, tokenCount(scales) - 1, 8], { generator: random });
          const loss = teacherForcingLoss(
            generator.logits(labels_B, inputs_BLE, scales, { pathDrop: random }),
            targets,
          );
          return { loss, parts: { loss_teacher: loss } };
        },
      ],
    );

  const first = step().numbers['loss']!;
  for (let i = 1; i < warmUp; i++) step();
  const early = memory();
  let last = first;
  for (let i = 0; i < 1000; i++) last = step().numbers['loss']!;
  const late = memory();

  expect(last).toBeLessThan(first); // it did train
  expect(late.tensors).toBe(early.tensors);
  expect(late.bytes).toBe(early.bytes);
  expect(late.resident - early.resident).toBeLessThan(8 * 2 ** 20);
});
