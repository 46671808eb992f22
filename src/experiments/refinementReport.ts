// The report of an experiment that refines: tables and figures of every ground, and sentences that follow the numbers whichever way they point.
import { join } from 'node:path';
import { findWeights, writeSvg } from '../recipes/index.js';
import { sha256File } from '../util/files.js';
import { type ArmOptions, type ArmResult, type ReportSite, trainingOf } from './arms.js';
import type { RefinementExperiment } from './catalogue.js';
import { type ArmSummary, compareArms } from './comparison.js';
import { drawCells, type Draws, drawsOf, drawText, wayText } from './draw.js';
import { type Block, type Page, type Table } from './page.js';
import { differenceChart, guidanceChart, lossChart, temperatureChart } from './refinementCharts.js';
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

/** How many seeds a row stands on, and how many of them its difference from the control. */
function seedsText({ measured, toControl }: ArmSummary): string {
  return toControl && toControl.atBest.count < measured ? `${measured} (${toControl.atBest.count} with the control’s)` : String(measured); // prettier-ignore
}

/** Distances and the other figures with each arm's own best way of sampling, and the distance beside the control's. */
export function qualityTable(arms: readonly ArmSummary[], { assessor }: ReportSite, draws: Draws): Table {
  const { headline, columns } = assessor;
  const places = ['its best guidance', ...(draws.temperatures.length > 1 ? ['its best temperature'] : [])];
  const rows = arms.map((one) => {
    const { arm, best, at, toControl, seeds, diverged } = one;
    if (best === undefined)
      return [arm, `diverged (${diverged} of ${seeds})`, ...places.slice(1).map(() => '–'), '0', ...columns.map(() => '–'), '–', '–']; // prettier-ignore
    const figures = at(best);
    const cells = columns.map(({ key, digits }) => spreadText(figures[key]!, digits));
    const differences = toControl ? [intervalText(toControl.atBest), intervalText(toControl.atSame)] : ['–', '–'];
    const name = diverged ? `${arm} (${diverged} of ${seeds} diverged)` : arm;
    return [name, ...drawCells(best, draws), seedsText(one), ...cells, ...differences];
  });
  const header = ['arm', ...places, 'seeds', ...columns.map(({ name }) => name)];
  return {
    header: [...header, `${headline.name} to control, each at its best`, `at the control’s ${wayText(draws)}`],
    rows,
  };
}

/** The distance beside the control's with every way of sampling, where there are several. */
export function drawsTable(
  arms: readonly ArmSummary[],
  { assessor: { headline } }: ReportSite,
  draws: Draws,
): Table | undefined {
  const ways = drawsOf(draws);
  const rows = arms.flatMap(({ arm, toControl }) =>
    toControl ? [[arm, ...ways.map((draw) => intervalText(toControl.at(draw)))]] : [],
  );
  if (ways.length < 2 || !rows.length) return undefined;
  return {
    header: [`${headline.name} to control, both at guidance`, ...ways.map((draw) => drawText(draw, draws))],
    rows,
  };
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
export function readings(arms: readonly ArmSummary[], { assessor: { headline } }: ReportSite, draws: Draws): string[] {
  const way = wayText(draws);
  return arms.flatMap(({ arm, toControl }) => {
    if (!toControl) return [];
    const said = (name: string, which: 'atBest' | 'atSame') => {
      if (toControl[which].count === 1) return `${name}: ${intervalText(toControl[which])} with one seed, which cannot tell a difference from noise`; // prettier-ignore
      const verdict = verdictOf(toControl[which]);
      const word = verdict === 'no difference shown' ? verdict : `${verdict} than the control’s`;
      return `${name}: ${intervalText(toControl[which])}, ${word}`;
    };
    return [`**${arm}**, ${headline.name}: ${said(`each at its own best ${way}`, 'atBest')}; ${said(`at the control’s ${way}`, 'atSame')}.`]; // prettier-ignore
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

/** What is said of the one temperature that all models are sampled with, where it is not the usual one. */
function temperatureNote({ temperatures: [only, ...others] }: Draws): string {
  return others.length || only === 1 ? '' : ` at temperature ${only}`;
}

/** Writes the charts of distances into `folder`, and shows them. */
async function chartBlocks(
  folder: string,
  arms: readonly ArmSummary[],
  site: ReportSite,
  draws: Draws,
  control: string,
): Promise<Block[]> {
  const { headline } = site.assessor;
  const hasTemperatures = draws.temperatures.length > 1;
  const hasGuidance = draws.cfgs.length > 1 || !hasTemperatures;
  const charts: [name: string, caption: string, svg: string | undefined][] = [
    ['differences', `Beside the control, each arm at its own best ${wayText(draws)}`, differenceChart(arms, site)],
    ['guidance', `${headline.name} against guidance`, hasGuidance ? guidanceChart(arms, site, draws, control) : undefined], // prettier-ignore
    ['temperature', `${headline.name} against temperature`, hasTemperatures ? temperatureChart(arms, site, draws, control) : undefined], // prettier-ignore
  ];
  const blocks: Block[] = [];
  for (const [kind, caption, svg] of charts) {
    if (svg === undefined) continue;
    const picture = `${site.ground.name}-${kind}`;
    await writeSvg(join(folder, picture), svg);
    blocks.push({ picture, caption, kind: 'svg' });
  }
  return blocks;
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
  const draw = arms.find(({ arm }) => arm === control)?.best ?? drawsOf(options)[0]!;
  const way = wayText(options);
  const isAtEnd = arms.some(({ best }) => best && drawCells(best, options).some((cell) => cell.endsWith('(end)')));
  const seed = results.find(({ training }) => training)?.seed ?? 0; // the first one, for pictures
  const drawn = all.filter(({ name }) => results.some((one) => one.arm === name && one.seed === seed));
  const hasSamples = await writeSamples(folder, site, drawn, { draw, seed }, options);
  const { name, title } = site.ground;
  const byDraw = drawsTable(arms, site, options);
  const charts = await chartBlocks(folder, arms, site, options, control);
  await writeSvg(join(folder, `${name}-losses`), lossChart(results, site, control, seed));
  return [
    { heading: title },
    {
      text: `From ${generatorText(site)}. ${trainingText(site, all, options)} ${options.count} samples a measurement${temperatureNote(options)}, arms of one seed sampled with the same random numbers, against ${site.assessor.reference}. ${arms.every(({ measured }) => measured <= 1) ? 'One seed, so no spread and no interval' : 'Mean ± standard deviation over each row’s seeds; differences are paired by the seeds that an arm and the control both have, with their 95 % interval (Student’s t)'}.`,
    },
    ...(lacking.length ? [{ text: '**Drawn from what there is.** Left out:' }, { list: lacking }] : []),
    { table: qualityTable(arms, site, options) },
    ...(isAtEnd
      ? [
          {
            text: `(end): the last ${way.replace('and', 'or')} that was measured; the arm may be better beyond it, and its difference holds for what was measured only.`,
          },
        ]
      : []),
    { list: readings(arms, site, options) },
    ...(byDraw ? [{ table: byDraw }] : []),
    ...charts,
    ...(hasSamples
      ? [
          {
            picture: `${name}-samples`,
            caption: `Samples at guidance ${drawText(draw, options)}, seed ${seed}, the same random numbers in every row`,
            kind: 'png' as const,
          },
        ]
      : []),
    { text: 'Stability of the trainings:' },
    { table: stabilityTable(arms) },
    {
      text: `Oscillation is the deviation of the logged loss about its trend; each arm has the loss of its own passes.${lossNotes(all)} Recall is at the control’s best ${way}; collapsed are seeds whose ${site.assessor.headline.name} is more than twice the control’s.`,
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
    text: `Each arm’s best ${wayText(options)} is chosen on the figures that it is then compared by, and intervals are not corrected for the number of arms: where many are compared, one of twenty would seem to differ by chance.`,
  });
  const note = new Set(grounds.map(({ site }) => site.assessor.headline.key)).has('fcd');
  if (note)
    blocks.push({
      text: 'FCD is the Fréchet distance in the features of a small classifier of the same data. It is not FID, and compares only models of one data set.',
    });
  return { title: experiment.title, blocks };
}
