// The report of the difference maps: a picture and a table a reading, before and after refinement on one colour scale.
// Legend: B images, H and W their sides.
import { join } from 'node:path';
import { cellsOf, gridPng } from '../../evaluate/index.js';
import { writeSvg } from '../../recipes/index.js';
import { scaleName } from '../../tokenizers/index.js';
import type { Tensor } from '../../torch/index.js';
import { writeFileAtomic } from '../../util/files.js';
import { type Block, type Table, writePage } from '../page.js';
import { mapCells, quantileOf, withColourScale } from './colourMap.js';
import { type Analysis, openingBlocks, samplingOf, samplingText, settingsOf, spreadNote, withPart } from './common.js';
import {
  consecutiveMaps,
  type MapMeans,
  mapMeans,
  mapsOf,
  type Reading,
  readings,
  trueMeans,
} from './differenceMaps.js';
import { writeValues } from './kept.js';
import { choices } from './passes.js';
import { type PictureCells, pictureCells } from './pictureCells.js';
import { type Panel, roleColours, scalePanels } from './scaleCharts.js';
import { picturesOfPass } from './scalePictures.js';
import { type Spread, spreadCell } from './spread.js';
import { withPair } from './subjects.js';

const titles: Readonly<Record<Reading, string>> = {
  consecutive: '(a) |x_i − x_(i−1)|, drawn tokens',
  'rollout-argmax': '(b) |student − teacher|, one stagger, argmax',
  'rollout-sample': '(b) |student − teacher|, one stagger, drawn tokens',
  'own-argmax': '(b) |student − teacher|, own inputs, argmax',
  'own-sample': '(b) |student − teacher|, own inputs, drawn tokens',
};

/** Pictures and maps of the shown images of one row of generators: by reading, the picture at the last scale and the maps. */
interface Shown {
  label: string;
  last: Partial<Record<Reading, Tensor>>;
  maps: Partial<Record<Reading, Tensor[]>>;
}

function shownOf(analysis: Analysis): Shown[] {
  const { subjects, shown, passes } = analysis;
  const truth = withPair(subjects.all[0]!, ({ tokenizer }) =>
    withPart(analysis, tokenizer, 0, shown, ({ targets }) => {
      const pictures = picturesOfPass(tokenizer, { fed: targets, tokens: targets }, passes.scales);
      return {
        label: 'truth',
        last: { consecutive: pictures.at(-1)! },
        maps: { consecutive: consecutiveMaps(pictures) },
      };
    }),
  );
  const made = subjects.all.map((subject) =>
    withPair(subject, (pair) =>
      withPart(analysis, pair.tokenizer, 0, shown, (part) => {
        const results = choices.map((choice) => mapsOf(pair, part, analysis, 0, choice));
        const last = results.flatMap(({ maps, own }) =>
          Object.keys(maps).map((reading) => [reading, own.at(-1)!.clone()]),
        );
        return {
          label: subject.label,
          last: Object.fromEntries(last) as Shown['last'],
          maps: Object.assign({}, ...results.map(({ maps }) => maps)) as Shown['maps'],
        };
      }),
    ),
  );
  return [truth, ...made];
}

/** Share of all numbers of a picture that its colour scale covers; the few larger ones have its last colour. */
const covered = 0.995;

/** Draws one reading: rows images and generators, columns the finished picture and the maps of scales. Answers the largest number drawn. */
async function drawMaps(
  analysis: Analysis,
  reading: Reading,
  all: readonly Shown[],
): Promise<{ top: number; largest: number; cells: PictureCells }> {
  const { out, images, subjects, shown } = analysis;
  const rows = all.filter(({ maps }) => maps[reading]);
  const maps = rows.flatMap((row) => row.maps[reading]!);
  const [top, largest] = [quantileOf(maps, covered), quantileOf(maps, 1)];
  const cells = rows.map((row) => ({
    last: cellsOf(row.last[reading]!),
    maps: row.maps[reading]!.map((map) => mapCells(map, top)),
  }));
  const numbers = Array.from({ length: shown }, (_, image) => image);
  const columnLabels = ['sample', ...subjects.scales.slice(1).map(scaleName)];
  const classOf = (image: number) => images.classes[images.labels[image]!]!;
  const grid = await gridPng(
    numbers.flatMap((image) => cells.flatMap((row) => [row.last[image]!, ...row.maps.map((scale) => scale[image]!)])),
    {
      columns: subjects.scales.length,
      cellSize: 64,
      rowLabels: numbers.flatMap((image) => rows.map(({ label }) => `${classOf(image)}, ${label}`)),
      columnLabels,
      title: titles[reading],
    },
  );
  const note = `share of a pixel’s range; largest ${largest.toPrecision(2)}, ${(100 * (1 - covered)).toFixed(1)} % lie above the scale`; // prettier-ignore
  const png = await withColourScale(grid, top, note);
  const file = `maps-${reading}.png`;
  writeFileAtomic(join(out, file), png.data);
  const groups = numbers.map((image) => ({ name: classOf(image), rows: rows.map(({ label }) => label) }));
  return { top, largest, cells: pictureCells(file, png, grid.places, columnLabels, groups) };
}

type Means = Readonly<Record<string, MapMeans>>;

function tableOf(analysis: Analysis, reading: Reading, means: Means, truth: readonly Spread[]): Table {
  const cells = (spreads: readonly Spread[]) => spreads.map((one) => spreadCell(one, 4));
  return {
    header: ['generator', ...analysis.subjects.scales.slice(1).map(scaleName)],
    rows: [
      ...(reading === 'consecutive' ? [['true tokens', ...cells(truth)]] : []),
      ...analysis.subjects.all.map(({ label }) => [label, ...cells(means[label]![reading])]),
    ],
  };
}

function panelsOf({ subjects }: Analysis, means: Means, truth: readonly Spread[]): Panel[] {
  const line = (name: string, color: string, spreads: readonly Spread[]) => ({ name, color, values: spreads.map(({ mean }) => mean), spreads: spreads.map(({ seeds }) => seeds) }); // prettier-ignore
  return readings.map((reading) => ({
    title: titles[reading],
    yName: 'mean Δ (share of range)',
    kind: 'lines' as const,
    series: [
      ...(reading === 'consecutive' ? [line('true tokens', roleColours.truth, truth)] : []),
      ...subjects.all.map(({ label, role }) => line(label, roleColours[role], means[label]![reading])),
    ],
  }));
}

const what = (analysis: Analysis): string => {
  const enlarged =
    analysis.subjects.family === 'flexvar'
      ? 'A FlexVAR scale of side s decodes to a picture of s · stride pixels; it is enlarged to the last scale’s size bilinearly (corners not aligned) before it is compared.' // prettier-ignore
      : 'VAR’s picture at a scale is that of the running sum of all scales so far, which has the whole size.';
  return `The definition of Δ_i is not published, so two readings are shown. **(a)** |x_i − x_(i−1)| between the decoded pictures of consecutive scales, of what a generator samples, beside those of true tokens. **(b)** |student − teacher| between the decoded pictures of one scale: the teacher is fed with the truth, the student with its own predictions, either of one rollout with one stagger (pass 2 of training) or of sequential sampling; both choose by the same random numbers, or by argmax. Mean over channels, as a share of a pixel’s range. ${enlarged} Tokens: ${samplingText(analysis)}.`; // prettier-ignore
};

/** Measures, draws and writes `difference-maps`. */
export async function differenceMaps(analysis: Analysis): Promise<void> {
  const { subjects, out, command } = analysis;
  const truth = trueMeans(analysis);
  const means: Means = Object.fromEntries(subjects.all.map((subject) => [subject.label, mapMeans(subject, analysis)]));
  const shown = shownOf(analysis);
  const ranges: Partial<Record<Reading, { top: number; largest: number }>> = {};
  const pictures: PictureCells[] = [];
  for (const reading of readings) {
    const { cells, ...range } = await drawMaps(analysis, reading, shown);
    ranges[reading] = range;
    pictures.push(cells);
  }
  for (const { last, maps } of shown)
    for (const one of [...Object.values(last), ...Object.values(maps).flat()]) one.dispose();
  await writeSvg(join(out, 'means'), scalePanels(panelsOf(analysis, means, truth), subjects.scales.slice(1)));
  writeValues(out, {
    command,
    settings: { ...settingsOf(analysis), ...samplingOf(analysis) },
    truth,
    means,
    ranges,
    pictures,
  });
  const blocks: Block[] = readings.flatMap((reading): Block[] => [
    { heading: `Reading ${titles[reading]}` },
    { table: tableOf(analysis, reading, means, truth) },
    {
      picture: `maps-${reading}`,
      caption: `${titles[reading]}: rows images and generators, columns scales`,
      kind: 'png',
    },
  ]);
  writePage(out, {
    title: 'Difference maps between scales, before and after SAR',
    blocks: [
      ...openingBlocks(analysis, 'SAR (arXiv 2512.06421), figure 8.', what(analysis)),
      { text: `Means of the maps. ${spreadNote(analysis)}` },
      { picture: 'means', caption: 'Means of the maps by scale; bars: standard deviation over seeds', kind: 'svg' },
      ...blocks,
    ],
  });
}
