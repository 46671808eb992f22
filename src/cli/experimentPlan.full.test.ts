// A measurement that `scalewise experiment --plan` prints, made by `scalewise evaluate` and found: with Inception's architecture, so it takes its time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { fillByFormula, inceptionRange } from '../../test/formulaWeights.js';
import type { ImageSet } from '../data/index.js';
import { Inception } from '../evaluate/index.js';
import { type ArmOptions, runArms, type Site } from '../experiments/arms.js';
import { grounds } from '../experiments/grounds.js';
import { measureCommands } from '../experiments/plan.js';
import { writeNpz } from '../formats/index.js';
import { saveWeights } from '../nn/index.js';
import { inceptionAssessor, loadModels, settlePrecision } from '../recipes/index.js';
import { seedFor } from '../util/random.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-planned-'));
const at = (name: string) => join(root, name);
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  process.exitCode = 0;
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
});

const generator = resolve('weights/fashion-mnist/generator.safetensors');
const options: ArmOptions = {
  out: at('experiments'), device: 'cpu', threads: 1, say: () => undefined, seeds: { first: 0, last: 0 }, set: [],
  cfgs: [1], temperatures: [1], topK: 5, topP: 0, count: 10, batchSize: 5,
}; // prettier-ignore

/** A small generator, measured by an Inception of formula weights against a few images. */
async function smallSite(): Promise<Site> {
  const network = new Inception().requireGrad(false);
  fillByFormula(network, 3, inceptionRange);
  saveWeights(at('inception.safetensors'), network.stateDict());
  network.dispose();
  const pixels = Uint8Array.from({ length: 7 * 32 * 32 * 3 }, (_, place) => seedFor('real', place >> 5) % 256);
  await writeNpz(at('real.npz'), new Map([['arr_0', { type: '|u1', shape: [7, 32, 32, 3], pieces: [pixels] }]]));
  const inception = ['--inception', at('inception.safetensors')];
  await run(['node', 'scalewise', 'evaluate', at('real.npz'), ...inception, '--write-reference', at('reference.npz')]);
  const assessor = await inceptionAssessor(at('reference.npz'), { weights: at('inception.safetensors') });
  return { ground: grounds['fashion-mnist']!, data: 'none', train: {} as ImageSet, generator, assessor };
}

test('an evaluation that was made as planned is taken, and is what the experiment would have measured', async () => {
  const site = await smallSite();
  const plan = { ...options, data: 'none', generator, reference: at('reference.npz'), inception: at('inception.safetensors') }; // prettier-ignore
  const [command, ...others] = measureCommands(site.ground, [], plan);
  expect(others).toEqual([]);
  await run(['node', ...command!.split(' ')]);
  expect(process.exitCode).toBe(0);
  const assess = vi.fn<Site['assessor']['assess']>();
  const { results } = await runArms({ ...site, assessor: { ...site.assessor, assess } }, [], options);
  expect(assess).not.toHaveBeenCalled();
  const models = loadModels(generator, undefined);
  const how = { scales: models.card.scales, guidance: { shape: 'ramp', scale: 1 }, topK: 5, topP: 0, precision: settlePrecision('auto', 'cpu') } as const; // prettier-ignore
  const own = site.assessor.assess(models, how, { count: 10, batchSize: 5, seed: 0 });
  expect(Object.keys(results[0]!.measurements[0]!.figures)).toEqual(Object.keys(own));
  for (const [key, value] of Object.entries(own))
    expect(results[0]!.measurements[0]!.figures[key]).toBeCloseTo(value, 9);
});
