// Reports of an experiment that still goes on, from records as its trainings would have left them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Assessor } from '../recipes/index.js';
import { openRecords, type ReportSite } from './arms.js';
import { type Arm, control, type RefinementExperiment } from './catalogue.js';
import { grounds } from './grounds.js';
import { measurementKey } from './measurements.js';
import { recordedArms } from './recorded.js';
import { type ExperimentOptions, reportRefinement } from './refinement.js';

const assessor: Assessor = {
  headline: { key: 'fcd', name: 'FCD', digits: 2 },
  columns: [{ key: 'fcd', name: 'FCD', digits: 2 }],
  reference: 'made up',
  fingerprint: 'made up',
  assess: () => {
    throw new Error('a report measures nothing');
  },
};
const out = mkdtempSync(join(tmpdir(), 'scalewise-recorded-'));
const run = join(out, 'run');
mkdirSync(run);
writeFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify({ step: 1, imagesSeen: 4, loss: 2, gradient_norm: 1 })}\n`);
afterAll(() => {
  rmSync(out, { recursive: true });
});

const generator = 'weights/fashion-mnist/generator.safetensors';
const site: ReportSite = { ground: grounds['fashion-mnist']!, data: 'stripes', generator, assessor };
const options: ExperimentOptions = {
  out, device: 'cpu', threads: 1, say: () => undefined, seeds: { first: 0, last: Infinity }, cfgs: [1, 2], temperatures: [1], topK: 0, topP: 0, count: 10, batchSize: 10, set: [],
  generator, command: 'scalewise experiment try --report',
}; // prettier-ignore
const sar: Arm = { name: 'sar', set: ['forcing=sar'] };
const student: Arm = { name: 'student', set: ['forcing=student'] };
const experiment: RefinementExperiment = { name: 'try', title: 'A try', source: 'Table 0', hypothesis: 'None.', arms: [control, sar, student] }; // prettier-ignore

/** A record as a training leaves it, measured at guidance 1, 2, …. */
function leave(arm: Arm, seed: number, ...fcds: number[]): void {
  const { record, mark } = openRecords(site, options).of(arm, seed);
  record.keepTraining(run, mark);
  fcds.forEach((fcd, i) => {
    record.keep(measurementKey(assessor, options, { cfg: i + 1, temperature: 1 }), { fcd });
  });
}

test('without any record there is no report', async () => {
  const report = reportRefinement(experiment, site.ground, () => Promise.resolve(site), options);
  await expect(report).rejects.toThrow(
    /^--report: expected records of measured models in .*records, found none of try/,
  );
});

test('seeds count that are measured at every strength of guidance; --seeds leaves out others', () => {
  for (const [seed, fcd] of [10, 20, 30].entries()) leave(control, seed, fcd, 100);
  for (const [seed, fcd] of [9, 18, 27, 1, 2].entries()) leave(sar, seed, fcd, 100);
  leave(sar, 10, 1);
  const { results, lacking } = recordedArms(site, experiment.arms, options);
  expect(results.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual(
    ['control 0', 'control 1', 'control 2', 'sar 0', 'sar 1', 'sar 2', 'sar 3', 'sar 4'],
  ); // prettier-ignore
  expect(lacking).toEqual([
    'before: not measured with every way of sampling.',
    "control, seeds 3, 4, 10: not there, as other arms' are.",
    'sar, seed 10: trained, but not measured with every way of sampling.',
    'student: no seed is there.',
  ]);
  const first = recordedArms(site, [sar], { ...options, seeds: { first: 0, last: 0 } });
  expect(first.results.map(({ seed }) => seed)).toEqual([0]);
  const fresh = recordedArms(site, [sar], { ...options, seeds: { first: 3, last: 4 } });
  expect(fresh.results.map(({ seed }) => seed)).toEqual([3, 4]);
});

test('a row says how many seeds it stands on, and is compared by those that its control has', async () => {
  const { folder, lacking } = await reportRefinement(experiment, site.ground, () => Promise.resolve(site), options);
  const report = readFileSync(join(folder, 'report.md'), 'utf8');
  expect(report).toContain('| control | 1 (end) | 3 | 20.00 ± 10.00 | – | – |');
  expect(report).toMatch(
    /\| sar \| 1 \(end\) \| 5 \(3 with the control’s\) \| 11\.40 ± .* \| −10\.0 % \[−10\.0, −10\.0\] \|/,
  );
  expect(report).toContain('- student: no seed is there.');
  expect(lacking[3]).toBe('FlexVAR, Fashion-MNIST: student: no seed is there.');
  expect(readFileSync(join(folder, 'report.html'), 'utf8').match(/<figure>/g)).toHaveLength(3);
});
