// Steps that are not finite: skipped without a trace, counted over a resume, and the end of a training where they do not stop.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { AdamW, Linear, parameterGroups } from '../nn/index.js';
import { scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { CheckpointParts } from './checkpoint.js';
import { type Clock, newestCheckpoint } from './checkpointFiles.js';
import { PowerEma } from './ema.js';
import { trainingLoop } from './loop.js';
import { RunFolder } from './runFolder.js';
import { optimizerStep } from './step.js';
import { Throughput } from './throughput.js';
import { alone } from './world.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-skips-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** What goes wrong in a step: a loss of one scale, or a gradient while the loss is finite. */
type Fault = 'NaN' | 'infinite' | 'gradient' | undefined;

/** A layer that learns to be zero, with averages, whose steps can be made to fail. */
function learner() {
  const layer = new Linear(3, 2);
  layer.loadStateDict(new Map([['weight', tensor([[1, 2, 3], [-1, 1, 2]])], ['bias', tensor([0.5, 0.25])]])); // prettier-ignore
  const optimizer = new AdamW(parameterGroups(layer), { betas: [0.9, 0.95] });
  const ema = new PowerEma(layer);
  const parts: CheckpointParts = {
    layer: { save: () => layer.stateDict(), load: (tensors) => { layer.loadStateDict(tensors); } },
    optimizer: { save: () => optimizer.state(), load: (tensors, where) => { optimizer.loadState(tensors, where); } },
    ema: ema.part,
  }; // prettier-ignore
  /** The loss of a small and of a large scale; `fault` strikes the large one. */
  const forward = (imagesSeen: number, fault: Fault, measure: boolean) => {
    const out = layer.forward(tensor([[1, imagesSeen / 100, 0.5]]));
    const small = out.mul(out).mean();
    const large = fault === 'gradient' ? small.sub(small.detach()).sqrt() : small.mul({ NaN: NaN, infinite: Infinity, none: 2 }[fault ?? 'none']);
    const parts: Record<string, Tensor> = measure ? { loss_scale_1: small, loss_scale_16: large } : {};
    return { loss: small.add(large), parts };
  }; // prettier-ignore
  const step = (imagesSeen: number, faults: readonly Fault[]) =>
    optimizerStep(
      { optimizer, parameters: layer.parameters(), learningRate: 0.01, weightDecay: 0.1, clip: 1, precision: 'float32', device: 'cpu' },
      faults.map((fault) => (measure: boolean) => forward(imagesSeen, fault, measure)),
      () => { ema.update(); return { updated: 1 }; },
    ); // prettier-ignore
  return { parts, step };
}

/** Every byte of what checkpoints hold. */
function bytesOf(parts: CheckpointParts): Record<string, string> {
  return scope(() => {
    const all = Object.entries(parts).flatMap(([part, one]) =>
      Array.from(one.save(), ([name, tensor]: [string, Tensor]) => [`${part}.${name}`, Buffer.from(tensor.bytes()).toString('hex')]),
    );
    return Object.fromEntries(all) as Record<string, string>;
  }); // prettier-ignore
}

describe('a step', () => {
  test.each<[Fault, RegExp]>([
    ['NaN', /^loss is NaN, loss_scale_16 is NaN, gradient norm is NaN$/],
    ['infinite', /^loss is Infinity, loss_scale_16 is Infinity, gradient norm is (NaN|Infinity)$/],
    ['gradient', /^gradient norm is (NaN|Infinity)$/],
  ])('of a %s loss or gradient changes no bit, says what and where, and the next one is as if it had not been', (fault, sentence) => {
    const [struck, spared] = [learner(), learner()];
    for (const [name, part] of Object.entries(spared.parts)) part.load(struck.parts[name]!.save(), name);
    for (const one of [struck, spared]) expect(one.step(1, [undefined]).skipped).toBeUndefined();
    const before = bytesOf(struck.parts);
    for (const faults of [[fault], [undefined, fault], [fault, undefined]]) {
      const { skipped, numbers } = struck.step(2, faults);
      expect(skipped).toMatch(sentence);
      expect(numbers).not.toHaveProperty('updated');
      expect(bytesOf(struck.parts)).toEqual(before);
    }
    for (const one of [struck, spared]) expect(one.step(3, [undefined, undefined])).toMatchObject({ numbers: { updated: 1 } });
    expect(bytesOf(struck.parts)).toEqual(bytesOf(spared.parts));
    expect(bytesOf(struck.parts)).not.toEqual(before);
  }); // prettier-ignore
});

describe('a training', () => {
  let run = '';
  const said: string[] = [];
  beforeEach(() => {
    run = mkdtempSync(join(root, 'run-'));
    said.length = 0;
  });
  const say = (line: string) => said.push(line);

  /** Trains to step `steps` in steps of one image, saving every second one; `faultAt` says which fail. */
  function train(steps: number, faultAt: (step: number) => Fault) {
    const { parts, step } = learner();
    const end = trainingLoop({
      label: 'train', world: alone, run: new RunFolder(run, 'train', { images: steps }, { images: steps, say }), images: steps, batchSize: 1,
      every: { log: 1, sample: 0, save: 2, keep: 0, average: 0 }, keepCheckpoints: 2, maxSkipped: 4, parts, throughput: new Throughput(),
      data: () => Promise.resolve(undefined), step: (clock) => step(clock.imagesSeen, [faultAt(clock.step + 1)]), say,
    }); // prettier-ignore
    return end.then(() => bytesOf(parts));
  }
  const clockSaved = (): Clock | undefined => newestCheckpoint(join(run, 'checkpoints'), say)?.clock;
  const records = () =>
    readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>); // prettier-ignore

  test('counts skips, records them, and goes on', async () => {
    await train(10, (step) => ([3, 4, 5, 8].includes(step) ? 'NaN' : undefined));
    expect(said.filter((line) => line.includes('skipped'))).toEqual(
      [3, 4, 5, 8].map((step) => `step ${step} was skipped: loss is NaN, loss_scale_16 is NaN, gradient norm is NaN`),
    );
    expect(clockSaved()).toEqual({ step: 10, imagesSeen: 10, skipped: 4, skippedInRow: 0 });
    expect(records().map(({ skipped = 0 }) => skipped)).toEqual([0, 0, 1, 2, 3, 3, 3, 4, 4, 4]);
    expect(records()[2]).not.toHaveProperty('loss');
  });

  test('ends after too many in a row with a sentence; what the last save holds is whole, also when it is under way', async () => {
    const ended = train(100, (step) => (step > 6 ? 'NaN' : undefined));
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(
      /training stopped at image 10: 4 steps in a row had to be skipped, in the last one loss is NaN, loss_scale_16 is NaN, gradient norm is NaN; the last checkpoint before is whole/,
    );
    expect(clockSaved()).toEqual({ step: 8, imagesSeen: 8, skipped: 2, skippedInRow: 2 });
    expect(readdirSync(join(run, 'checkpoints')).sort()).toEqual(['step-00000004', 'step-00000006', 'step-00000008']);
    const layers = ['step-00000006', 'step-00000008'].map((name) => readFileSync(join(run, 'checkpoints', name, 'layer.safetensors'))); // prettier-ignore
    expect(layers[1]).toEqual(layers[0]);
  });

  test('checkpoints of skipped steps take no place of those before, until a step goes well again', async () => {
    const checkpoints = () => readdirSync(join(run, 'checkpoints')).map((name) => Number(name.slice(-2))).sort((a, b) => a - b); // prettier-ignore
    await train(6, () => undefined);
    await train(12, (step) => (step > 8 && step < 12 ? 'NaN' : undefined));
    expect(checkpoints()).toEqual([10, 12]);
    await train(16, (step) => (step > 12 && step < 16 ? 'NaN' : undefined));
    expect(checkpoints()).toEqual([14, 16]);
    await expect(train(30, (step) => (step > 16 ? 'NaN' : undefined))).rejects.toThrow(UsageError);
    expect(checkpoints()).toEqual([14, 16, 18]);
  });

  test('goes on counting where it was cut in the middle of a row', async () => {
    const fault = (step: number): Fault => (step > 2 ? 'infinite' : undefined);
    await expect(train(4, fault)).rejects.toThrow(/stopped at image 4: its last 2 steps had to be skipped/);
    expect(clockSaved()).toMatchObject({ skipped: 2, skippedInRow: 2 });
    await expect(train(100, fault)).rejects.toThrow(/stopped at image 6: 4 steps in a row/);
  });

  test('does not give up the last whole checkpoint to skipped steps alone', async () => {
    await train(4, () => undefined);
    await expect(train(100, (step) => (step > 4 ? 'NaN' : undefined))).rejects.toThrow(UsageError);
    expect(existsSync(join(run, 'checkpoints', 'step-00000004'))).toBe(true);
    const healed = await train(9, () => undefined);
    expect(clockSaved()).toEqual({ step: 9, imagesSeen: 9, skipped: 2, skippedInRow: 0 });
    expect(Object.keys(healed).length).toBeGreaterThan(6);
  });
});
