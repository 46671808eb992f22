// What an experiment's models draw, for eyes: a row an arm, a column a class, the same seed in every row.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, gridPng } from '../evaluate/index.js';
import { loadModels, sampleCells, type SamplingSettings, settlePrecision } from '../recipes/index.js';
import { writeFileAtomic } from '../util/files.js';
import { type ArmOptions, placeOf, type ReportSite } from './arms.js';
import type { Arm } from './catalogue.js';
import type { Draw } from './draw.js';

/** Most classes that are shown. */
const most = 12;

function cellsOfModel(
  place: string,
  { cfg, temperature }: Draw,
  { device, topK, topP }: ArmOptions,
): { cells: Cell[]; classes: string[] } {
  const models = loadModels(place, undefined, device);
  const classes = models.card.classes.slice(0, most);
  const guidance = cfg === 0 ? undefined : ({ shape: 'ramp', scale: cfg } as const);
  const precision = settlePrecision('auto', device);
  const how: SamplingSettings = { scales: models.card.scales, guidance, topK, topP, temperature, precision, device };
  const labels = classes.map((_, label) => label);
  const cells = [...sampleCells(models, labels, labels.map(() => 0), how)]; // prettier-ignore
  models.generator.dispose();
  models.tokenizer.dispose();
  return { cells, classes };
}

/**
 * Writes `<ground>-samples.png`: the pretrained generator and one seed of each arm, sampled in one way.
 * @returns whether there was a model of every arm: records may be there without
 */
export async function writeSamples(
  folder: string,
  site: ReportSite,
  arms: readonly Arm[],
  { draw, seed }: { draw: Draw; seed: number },
  options: ArmOptions,
): Promise<boolean> {
  const places = arms.map((arm) => [arm.name, placeOf(options.out, site.ground, arm, options.set, seed)] as const);
  if (!places.every(([, place]) => existsSync(join(place, 'checkpoints')))) return false;
  const rows = [['before', site.generator] as const, ...places].map(([name, place]) => ({
    name,
    ...cellsOfModel(place, draw, options),
  }));
  const columnLabels = rows[0]!.classes;
  const png = await gridPng(rows.flatMap(({ cells }) => cells), {
    columns: columnLabels.length,
    cellSize: 64,
    rowLabels: rows.map(({ name }) => name),
    columnLabels,
  }); // prettier-ignore
  writeFileAtomic(join(folder, `${site.ground.name}-samples.png`), png.data);
  return true;
}
