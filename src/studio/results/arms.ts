// `results.json` of an experiment that refines: arms over seeds, each beside the control.
import { z } from 'zod';
import { compareArms } from '../../experiments/comparison.js';
import { type Draw, sameDraw } from '../../experiments/draw.js';
import type { ExperimentArm, ExperimentGround, ExperimentResults, ExperimentRun } from '../api/index.js';
import { figures, metricsOf, number, orNull, plainSummary } from './numbers.js';

const stability = z.object({
  oscillation: number,
  gradientMean: number,
  gradientLargest: number,
  finalLoss: number,
  skipped: number,
});

const schema = z.array(
  z.object({
    ground: z.string(),
    reference: z.string(),
    results: z.array(
      z.object({
        arm: z.string(),
        seed: z.int(),
        measurements: z.array(z.object({ cfg: z.number(), temperature: z.number().default(1), figures })),
        training: z
          .object({
            stability: stability.optional(),
            settings: z.string().default(''),
            losses: z.array(z.tuple([z.number(), number])).default([]),
            diverged: z.string().optional(),
          })
          .transform(({ stability, diverged, ...rest }) => ({ ...rest, stability, ...(diverged !== undefined && { diverged }) })) // prettier-ignore
          .optional(),
      }).transform(({ training, ...rest }) => ({ ...rest, ...(training && { training }) })), // prettier-ignore
    ),
  }),
);

type Ground = z.output<typeof schema>[number];
type Result = Ground['results'][number];

/** Only what all measured runs were measured at, so that they can be compared. */
function withSharedDraws(results: readonly Result[]): { results: Result[]; draws: Draw[] } {
  const measured = results.filter(({ measurements }) => measurements.length);
  const has = (all: readonly Draw[], draw: Draw) => all.some((one) => sameDraw(one, draw));
  const all = (measured[0]?.measurements ?? []).map(({ cfg, temperature }) => ({ cfg, temperature }));
  const draws = all.filter((draw) => measured.every(({ measurements }) => has(measurements, draw)));
  const shared = results.map((one) => ({ ...one, measurements: one.measurements.filter((draw) => has(draws, draw)) }));
  return { results: shared, draws };
}

const plain = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, orNull(value)]));

function runOf({ arm, seed, measurements, training }: Result): ExperimentRun {
  return {
    arm,
    seed,
    diverged: training?.diverged ?? null,
    measurements: measurements.map((one) => ({ ...one, figures: plain(one.figures) })),
    losses: training?.losses.map(([images, loss]) => [images, orNull(loss)]) ?? [],
  };
}

const summaries = (all: Readonly<Record<string, Parameters<typeof plainSummary>[0]>>) =>
  Object.fromEntries(Object.entries(all).map(([key, one]) => [key, plainSummary(one)]));

function groundOf({ ground, reference, results: all }: Ground): ExperimentGround {
  const { results, draws } = withSharedDraws(all);
  const metrics = metricsOf(all.flatMap(({ measurements }) => measurements.map((one) => one.figures)));
  const control = all.find(({ arm }) => arm.startsWith('control'))?.arm ?? null;
  const [headline] = metrics;
  const arms = headline ? compareArms(results, control ?? '', { headline, columns: metrics }) : [];
  return {
    name: ground,
    reference,
    metrics,
    draws,
    control,
    arms: arms.map(({ best, at, measured, toControl, stability, ...arm }): ExperimentArm => ({
      ...arm,
      measured,
      best: best ?? null,
      points: measured ? draws.map((draw) => ({ ...draw, figures: summaries(at(draw)) })) : [],
      toControl: toControl ? { atBest: plainSummary(toControl.atBest), atSame: plainSummary(toControl.atSame) } : null,
      stability: stability ? summaries(stability) : null,
    })),
    runs: results.map(runOf),
  };
}

const listed = (values: readonly (string | number)[]) => [...new Set(values)].join(', ');

/** Reads the file. @throws ZodError */
export function readArms(content: unknown): { results: ExperimentResults; said: string } {
  const grounds = schema.parse(content).map(groundOf);
  const arms = Math.max(0, ...grounds.map((ground) => ground.arms.filter(({ arm }) => arm !== 'before').length));
  const seeds = Math.max(0, ...grounds.flatMap((ground) => ground.arms.map((one) => one.seeds)));
  const draws = grounds.flatMap((ground) => ground.draws);
  const temperatures = [...new Set(draws.map(({ temperature }) => temperature))];
  const tempered = temperatures.length > 1 ? `, temperature ${listed(temperatures)}` : '';
  const said = `${listed(grounds.map(({ name }) => name))}: ${arms} ${arms === 1 ? 'arm' : 'arms'}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, guidance ${listed(draws.map(({ cfg }) => cfg))}${tempered}`; // prettier-ignore
  return { results: { kind: 'arms', grounds }, said };
}
