// The report of an experiment that refines: tables and figures of every ground, and sentences that follow the numbers whichever way they point.
import { join } from 'node:path';
import { findWeights, writeSvg } from '../recipes/index.js';
import { sha256File } from '../util/files.js';
import { type ArmOptions, type ArmResult, type ReportSite, trainingOf } from './arms.js';
import type { RefinementExperiment } from './catalogue.js';
import { type ArmSummary, compareArms } from './comparison.js';
import { type Block, type Page, type Table } from './page.js';
import { differenceChart, guidanceChart, lossChart } from './refinementCharts.js';
import { writeSamples } from './samples.js';
import { intervalText, spreadText, verdictOf } from './summary.js';

/** One ground's results. */
export interface GroundResults {
  site: ReportSite;
  /** Arms may have different seeds. */
  results: readonly ArmResult[];
  /** What a report that is drawn before the work is done lacks, as sentences. */
  lacking?: readonly string[];
}

const guidanceText = (cfg: number) => (cfg === 0 ? 'none' : String(cfg));

/** Whether a strength of guidance is an end of those measured, beyond which others could serve better. */
function isEnd(cfg: number | undefined, cfgs: readonly number[]): boolean {
  return cfgs.length > 1 && (cfg === Math.max(...cfgs) || (cfg === Math.min(...cfgs) && cfg > 0));
}

/** How many seeds a row stands on, and how many of them its difference from the control. */
function seedsText({ measured, toControl }: ArmSummary): string {
  return toControl && toControl.atBest.count < measured ? `${measured} (${toControl.atBest.count} with the control’s)` : String(measured); // prettier-ignore
}

/** Distances and the other figures at each arm's own best guidance, and the distance beside the control's. */
export function qualityTable(arms: readonly ArmSummary[], { assessor }: ReportSite, cfgs: readonly number[]): Table {
  const { headline, columns } = assessor;
  const rows = arms.map((one) => {
    const { arm, best, at, toControl, seeds, diverged } = one;
    if (best === undefined)
      return [arm, `diverged (${diverged} of ${seeds})`, '0', ...columns.map(() => '–'), '–', '–'];
    const figures = at(best);
    const cells = columns.map(({ key, digits }) => spreadText(figures[key]!, digits));
    const differences = toControl ? [intervalText(toControl.atBest), intervalText(toControl.atSame)] : ['–', '–'];
    const name = diverged ? `${arm} (${diverged} of ${seeds} diverged)` : arm;
    return [
      name,
      `${guidanceText(best)}${isEnd(best, cfgs) ? ' (end)' : ''}`,
      seedsText(one),
      ...cells,
      ...differences,
    ];
  });
  const header = ['arm', 'its best guidance', 'seeds', ...columns.map(({ name }) => name)];
  return { header: [...header, `${headline.name} to control, each at its best`, 'at the control’s guidance'], rows };
}

/** The distance beside the control's at every strength of guidance, where there are several. */
export function guidanceTable(
  arms: readonly ArmSummary[],
  { assessor: { headline } }: ReportSite,
  cfgs: readonly number[],
): Table | undefined {
  const rows = arms.flatMap(({ arm, toControl }) =>
    toControl ? [[arm, ...cfgs.map((cfg) => intervalText(toControl.at(cfg)))]] : [],
  );
  if (cfgs.length < 2 || !rows.length) return undefined;
  return { header: [`${headline.name} to control, both at guidance`, ...cfgs.map(guidanceText)], rows };
}

/** How quietly the arms trained, and whether they collapsed. */
export function stabilityTable(arms: readonly ArmSummary[]): Table {
  const rows = arms.flatMap(({ arm, stability, diverged, seeds, measured, toControl }) => {
    if (!stability) return [];
    const { oscillation, gradientMean, gradientLargest, finalLoss, skipped } = stability;
    const cells = [oscillation, gradientMean, gradientLargest, finalLoss].map((one) => spreadText(one, 3));
    const collapse = toControl
      ? [toControl.recall ? intervalText(toControl.recall) : '–', `${toControl.collapsed} of ${measured}`]
      : ['–', '–'];
    return [[arm, ...cells, skipped.mean.toFixed(1), `${diverged} of ${seeds}`, ...collapse]];
  });
  const header = ['arm', 'loss oscillation (nats)', 'gradient norm, mean', 'largest', 'last quarter’s loss (nats)', 'skipped steps', 'diverged', 'recall to control', 'collapsed']; // prettier-ignore
  return { header, rows };
}

/** A sentence an arm: what the comparison shows. */
export function readings(arms: readonly ArmSummary[], { assessor: { headline } }: ReportSite): string[] {
  return arms.flatMap(({ arm, toControl }) => {
    if (!toControl) return [];
    const said = (name: string, which: 'atBest' | 'atSame') => {
      if (toControl[which].count === 1) return `${name}: ${intervalText(toControl[which])} with one seed, which cannot tell a difference from noise`; // prettier-ignore
      const verdict = verdictOf(toControl[which]);
      const word = verdict === 'no difference shown' ? verdict : `${verdict} than the control’s`;
      return `${name}: ${intervalText(toControl[which])}, ${word}`;
    };
    return [`**${arm}**, ${headline.name}: ${said('each at its own best guidance', 'atBest')}; ${said('at the control’s guidance', 'atSame')}.`]; // prettier-ignore
  });
}

/** What of some losses differs from the control's. */
const lossNotes = (arms: RefinementExperiment['arms']) =>
  arms.flatMap(({ name, loss }) => (loss === undefined ? [] : [` Of ${name} it is ${loss}.`])).join('');

/** The generator that all arms go on from, by name and content. */
function generatorText({ generator, ground }: ReportSite): string {
  const hash = sha256File(findWeights(generator, 'generator')).slice(0, 16);
  return `the generator of ${ground.title} whose SHA-256 begins with \`${hash}\``;
}

/** What all arms were trained with, as far as they share it. */
function trainingText(site: ReportSite, [control]: RefinementExperiment['arms'], options: ArmOptions): string {
  const { images, batchSize, optimizer, forcing } = trainingOf(site, control!, 0, options);
  const { gamma, tokens } = forcing;
  const choice = `${tokens.choice === 'argmax' ? 'most probable tokens' : `tokens drawn of the ${tokens.topK} most probable`}${tokens.guidance === null ? '' : ` under guidance ${tokens.guidance}`}`;
  return `Each arm sees ${images} images in batches of ${batchSize}, at a learning rate of ${optimizer.learningRate} that falls (${optimizer.shape}); where an arm does not say otherwise γ is ${gamma}, and the rollout has ${choice}.`;
}

/** One ground's part of the report; writes its figures into `folder`. */
async function groundBlocks(
  folder: string,
  { site, results, lacking = [] }: GroundResults,
  { arms: all }: RefinementExperiment,
  options: ArmOptions,
): Promise<Block[]> {
  const control = all[0]!.name;
  const arms = compareArms(results, control, site.assessor);
  const cfg = arms.find(({ arm }) => arm === control)?.best ?? options.cfgs[0]!;
  const seed = results.find(({ training }) => training)?.seed ?? 0; // the first one, for pictures
  const drawn = all.filter(({ name }) => results.some((one) => one.arm === name && one.seed === seed));
  const hasSamples = await writeSamples(folder, site, drawn, { cfg, seed }, options);
  const { name, title } = site.ground;
  const byGuidance = guidanceTable(arms, site, options.cfgs);
  const differences = differenceChart(arms, site);
  if (differences !== undefined) await writeSvg(join(folder, `${name}-differences`), differences);
  await writeSvg(join(folder, `${name}-guidance`), guidanceChart(arms, site, options.cfgs, control));
  await writeSvg(join(folder, `${name}-losses`), lossChart(results, site, control, seed));
  return [
    { heading: title },
    {
      text: `From ${generatorText(site)}. ${trainingText(site, all, options)} ${options.count} samples a measurement, arms of one seed sampled with the same random numbers, against ${site.assessor.reference}. ${arms.every(({ measured }) => measured <= 1) ? 'One seed, so no spread and no interval' : 'Mean ± standard deviation over each row’s seeds; differences are paired by the seeds that an arm and the control both have, with their 95 % interval (Student’s t)'}.`,
    },
    ...(lacking.length ? [{ text: '**Drawn from what there is.** Left out:' }, { list: lacking }] : []),
    { table: qualityTable(arms, site, options.cfgs) },
    ...(arms.some(({ best }) => isEnd(best, options.cfgs))
      ? [
          {
            text: '(end): the last strength of guidance that was measured; the arm may be better beyond it, and its difference is one of these strengths only.',
          },
        ]
      : []),
    { list: readings(arms, site) },
    ...(byGuidance ? [{ table: byGuidance }] : []),
    ...(differences === undefined
      ? []
      : [
          {
            picture: `${name}-differences`,
            caption: 'Beside the control, each arm at its own best guidance',
            kind: 'svg' as const,
          },
        ]),
    { picture: `${name}-guidance`, caption: `${site.assessor.headline.name} against guidance`, kind: 'svg' },
    ...(hasSamples
      ? [
          {
            picture: `${name}-samples`,
            caption: `Samples at guidance ${guidanceText(cfg)}, seed ${seed}, the same random numbers in every row`,
            kind: 'png' as const,
          },
        ]
      : []),
    { text: 'Stability of the trainings:' },
    { table: stabilityTable(arms) },
    {
      text: `Oscillation is the deviation of the logged loss about its trend; each arm has the loss of its own passes.${lossNotes(all)} Recall is at the control’s best guidance; collapsed are seeds whose ${site.assessor.headline.name} is more than twice the control’s.`,
    },
    {
      picture: `${name}-losses`,
      caption: `Loss of each arm, seed ${seed}, and below how far it lies above the control’s on the same batches`,
      kind: 'svg',
    },
  ];
}

/** What stands before the grounds. */
function opening(experiment: RefinementExperiment, command: string): Block[] {
  return [
    { text: `**Source.** ${experiment.source}.` },
    { text: `**Hypothesis.** ${experiment.hypothesis}` },
    {
      text: `**Control.** As many more steps of teacher forcing from the same checkpoint, at the same learning rate, on the same batches. The seed settles order, label drop and chosen tokens.`,
    },
    { command },
  ];
}

/** The whole report. */
export async function refinementPage(
  folder: string,
  experiment: RefinementExperiment,
  grounds: readonly GroundResults[],
  options: ArmOptions,
  command: string,
): Promise<Page> {
  const blocks: Block[] = opening(experiment, command);
  for (const ground of grounds) blocks.push(...(await groundBlocks(folder, ground, experiment, options)));
  blocks.push({
    text: 'Each arm’s best guidance is chosen on the figures that it is then compared by, and intervals are not corrected for the number of arms: where many are compared, one of twenty would seem to differ by chance.',
  });
  const note = new Set(grounds.map(({ site }) => site.assessor.headline.key)).has('fcd');
  if (note)
    blocks.push({
      text: 'FCD is the Fréchet distance in the features of a small classifier of the same data. It is not FID, and compares only models of one data set.',
    });
  return { title: experiment.title, blocks };
}
