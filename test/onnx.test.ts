// Exported models against libtorch, scale by scale with caches, in onnxruntime: logits of the class and of no class, next inputs, images. Then the
// page's sampler, which must take the same tokens as the library's.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Session } from '../src/models/index.js';
import { exportOnnx, type ExportSubject, type SamplerDescription } from '../src/onnx/index.js';
import { loadModels } from '../src/recipes/index.js';
import { sample } from '../src/sampling/index.js';
import { noGrad, scope, tensor } from '../src/torch/index.js';
import { sampleImage } from '../web/demo/sampler.js';
import { type OpenModel, Steps } from '../web/demo/steps.js';
import { tinyFlexVar, tinyVar } from './models.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-onnx-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const options = { version: '0.0.0' };
const shared = { classes: ['a', 'b', 'c', 'd', 'e'], name: 'tiny', trainedOn: 'nothing' };

async function open(place: string): Promise<OpenModel> {
  const description = JSON.parse(readFileSync(join(place, 'sampler.json'), 'utf8')) as SamplerDescription;
  const session = ({ file }: { file: string }) =>
    InferenceSession.create(join(place, file), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const { generator, pyramid, decoder } = description;
  return {
    description,
    generator: await session(generator),
    pyramid: await session(pyramid),
    decoder: await session(decoder),
    Tensor,
  };
}

/** What libtorch computes at every scale of one image, the most probable tokens of the class's row being taken. */
function reference({ generator, tokenizer, scales }: ExportSubject, label: number) {
  return noGrad(() =>
    scope(() => {
      const condition_BC = generator.condition(tensor([label], { dtype: 'int64' }));
      const session = new Session(generator, condition_BC, scales, true);
      using pyramid = tokenizer.pyramid(scales);
      let next: ReturnType<typeof pyramid.push>;
      return scales.map(() => {
        const logits_RNV = session.logits(session.advance(next, true), true);
        const indices_BN = logits_RNV.narrow(0, 0, 1).argmax(-1);
        next = pyramid.push(indices_BN);
        const image = pyramid.image().clamp(-1, 1);
        return { logits: logits_RNV.toArray(), tokens: indices_BN.toArray(), next: next?.toArray(), image: image.toArray() }; // prettier-ignore
      });
    }),
  );
}

/** The largest difference; infinite where the lengths differ. */
function difference(expected: readonly number[], found: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
}

/** Largest differences of an exported model, which goes its own way from libtorch's tokens, over all scales. */
async function differences(model: OpenModel, subject: ExportSubject, label: number) {
  const worst = { logits: 0, next: 0, image: 0 };
  const note = (name: keyof typeof worst, expected: readonly number[], found: Float32Array) => {
    worst[name] = Math.max(worst[name], difference(expected, found));
  };
  const steps = new Steps(model, label, true);
  for (const { logits, tokens, next, image } of reference(subject, label)) {
    note('logits', logits, await steps.logits());
    await steps.push(Int32Array.from(tokens));
    if (next) note('next', next, steps.inputs);
    note('image', image, (await steps.image()).values);
  }
  return worst;
}

function shipped(): ExportSubject {
  const { generator, tokenizer, card } = loadModels('weights/fashion-mnist/generator-sar.safetensors', undefined);
  return { generator, tokenizer, scales: card.scales, classes: card.classes, name: 'shipped', trainedOn: card.data };
}

const subjects: Record<string, () => ExportSubject> = {
  'the shipped FlexVAR': shipped,
  'FlexVAR, scales that are no squares': () => ({
    ...tinyFlexVar({ vocabularySize: 32, width: 24, heads: 3, positionSide: 8 }),
    ...shared,
    scales: [1, [2, 3], 5, [6, 9]],
  }),
  VAR: () => ({ ...tinyVar({ vocabularySize: 32, width: 24, heads: 3, scales: [1, 2, 3, 5] }), ...shared, scales: [1, 2, 3, 5] }), // prettier-ignore
  'VAR with one AdaLN of all blocks': () => ({
    ...tinyVar({ vocabularySize: 32, width: 24, heads: 3, scales: [2, 4], sharedAdaLn: true as never }),
    ...shared,
    scales: [2, 4],
  }),
};

describe.each(Object.entries(subjects))('%s', (name, make) => {
  let subject: ExportSubject;
  let model: OpenModel;
  beforeAll(async () => {
    subject = make();
    exportOnnx(join(folder, name), subject, options);
    model = await open(join(folder, name));
  });

  test('logits, next inputs and images are libtorch’s to 1e-4, at every scale', async () => {
    const worst = await differences(model, subject, 1);
    expect(worst.logits).toBeLessThan(1e-4);
    expect(worst.next).toBeLessThan(1e-4);
    expect(worst.image).toBeLessThan(1e-4);
  });

  test("the page's sampler takes the library's tokens in greedy mode", async () => {
    const { generator, tokenizer, scales } = subject;
    for (const [label, scale] of [
      [0, 2],
      [3, 0],
    ] as const) {
      const wanted = { labels: [label], seeds: [7], scales, guidance: { shape: 'ramp', scale }, greedyScales: scales } as const; // prettier-ignore
      const expected = Array.from(sample(generator, tokenizer, wanted), ({ indices_BN }) => indices_BN.toArray());
      const found: number[][] = [];
      for await (const { tokens } of sampleImage(model, { label, seed: 7, guidance: scale, greedy: true }))
        found.push([...tokens]);
      expect(found).toEqual(expected);
    }
  });
});

test('weights that are too many for one file lie beside it, and are the same', async () => {
  const subject = subjects['VAR']!();
  const place = join(folder, 'outside');
  const { description, models } = exportOnnx(place, subject, { ...options, mostInside: 5000 });
  expect(description.generator).toMatchObject({ file: 'generator.onnx', data: 'generator.onnx.data' });
  expect(models.map(({ external }) => external > 0)).toEqual([true, false, true]);
  for (const { files, bytes } of models)
    expect(files.reduce((sum, file) => sum + statSync(join(place, file)).size, 0)).toBe(bytes);
  const worst = await differences(await open(place), subject, 1);
  expect(Math.max(...Object.values(worst))).toBeLessThan(1e-4);
});

test('an earlier export is replaced where that is asked for, and nothing else ever', () => {
  const subject = subjects['VAR']!();
  const place = join(folder, 'again');
  exportOnnx(place, subject, options);
  expect(() => exportOnnx(place, subject, options)).toThrow(/again: it holds an export already; --force replaces it/);
  exportOnnx(place, { ...subject, name: 'other' }, { ...options, force: true });
  expect(readFileSync(join(place, 'sampler.json'), 'utf8')).toContain('"name":"other"');
  writeFileSync(join(place, 'thesis.txt'), 'mine');
  expect(() => exportOnnx(place, subject, { ...options, force: true })).toThrow(/again: expected an empty folder, found thesis.txt in it/); // prettier-ignore
  expect(readdirSync(place)).toContain('thesis.txt');
});

test('scales that a VAR generator does not know are refused', () => {
  const subject = { ...subjects['VAR']!(), scales: [1, 2] };
  expect(() => exportOnnx(join(folder, 'none'), subject, options)).toThrow(
    /this VAR generator knows the scales 1,2,3,5/,
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('none'))).toEqual([]);
});
