// The report of `continuation`: continuations beside each other, and how near they come to the original and to held-out images.
import { join } from 'node:path';
import { type Cell, cellsOf, gridPng } from '../../evaluate/index.js';
import { scaleName, picturesOf, sizeOf } from '../../tokenizers/index.js';
import { scope } from '../../torch/index.js';
import { writeSvg } from '../../recipes/index.js';
import { writeFileAtomic } from '../../util/files.js';
import { whiskerChart } from '../charts.js';
import { type Table, writePage } from '../page.js';
import { intervalText, relativeDifferences, summarise, verdictOf } from '../summary.js';
import { openingBlocks, samplingOf, samplingText, settingsOf, spreadNote, withPart } from './common.js';
import { boundFigures, type ContinuationAnalysis, type ContinuationFigures, continuationFigures, continued } from './continuation.js'; // prettier-ignore
import { writeValues } from './kept.js';
import { type PictureCells, pictureCells } from './pictureCells.js';
import { distanceNote } from './look.js';
import { decodedOf } from './scalePictures.js';
import { spreadCell } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** Seeds that are drawn beside each other. */
const mostDrawn = 3;

/** Columns of cells, one cell an image. */
interface Column {
  label: string;
  cells: Cell[];
}

function columnsOf(analysis: ContinuationAnalysis): Column[] {
  const { subjects, shown, seeds, given, passes } = analysis;
  const { scales } = passes;
  const truth = withPair(subjects.all[0]!, ({ tokenizer }) =>
    withPart(analysis, tokenizer, 0, shown, ({ image_B3HW, targets }) => [
      { label: 'image', cells: cellsOf(image_B3HW) },
      { label: 'all given', cells: cellsOf(picturesOf(tokenizer, targets, scales).at(-1)!) },
      { label: `given: ${scaleName(scales[given - 1]!)}`, cells: cellsOf(decodedOf(tokenizer, { fed: targets, tokens: targets.slice(0, given) }, scales).at(-1)!) }, // prettier-ignore
    ]),
  );
  const made = subjects.all.map((subject) =>
    withPair(subject, (pair) =>
      withPart(analysis, pair.tokenizer, 0, shown, (part) =>
        Array.from({ length: Math.min(mostDrawn, seeds) }, (_, repetition) => ({
          label: subject.label,
          cells: scope(() => cellsOf(continued(pair, part, analysis, repetition))),
        })),
      ),
    ),
  );
  return [...truth, ...made[0]!.flatMap((_, repetition) => made.map((own) => own[repetition]!))];
}

async function drawGrid(analysis: ContinuationAnalysis): Promise<PictureCells> {
  const { images, shown, out } = analysis;
  const columns = columnsOf(analysis);
  const numbers = Array.from({ length: shown }, (_, image) => image);
  const classes = numbers.map((image) => images.classes[images.labels[image]!]!);
  const columnLabels = columns.map(({ label }) => label);
  const grid = await gridPng(
    numbers.flatMap((image) => columns.map(({ cells }) => cells[image]!)),
    {
      columns: columns.length,
      cellSize: 96,
      rowLabels: classes,
      columnLabels,
    },
  );
  writeFileAtomic(join(out, 'grid.png'), grid.data);
  const groups = classes.map((name) => ({ name, rows: [''] }));
  return pictureCells('grid.png', grid, grid.places, columnLabels, groups);
}

type Made = readonly (readonly [subject: Subject, figures: ContinuationFigures])[];

function tableOf(
  { network }: ContinuationAnalysis,
  bounds: Readonly<Record<string, ContinuationFigures>>,
  made: Made,
): Table {
  const row = (label: string, { distance, frechet, agreement }: ContinuationFigures) => [
    label,
    distance ? spreadCell(distance, 3) : '–',
    spreadCell(frechet, 3),
    agreement ? spreadCell(agreement, 4) : '–',
  ];
  return {
    header: [
      'pictures',
      'feature distance to the original (L2)',
      `${network.distance.name} to all held-out images`,
      'class agreement',
    ],
    rows: [
      row('the images themselves', bounds['originals']!),
      row('all scales given', bounds['reconstructions']!),
      ...made.map(([{ label }, figures]) => row(label, figures)),
    ],
  };
}

const compared = ['distance', 'frechet', 'agreement'] as const;

/** Relative differences of one generator from another, paired by seed, by figure; without those from nothing. */
function differencesOf(of: ContinuationFigures, from: ContinuationFigures) {
  return compared.flatMap((key) => {
    const [values, controls] = [of.bySeed[key], from.bySeed[key]];
    if (!values || !controls?.every((control) => control > 0)) return [];
    return [{ key, summary: summarise(relativeDifferences(values, controls)) }];
  });
}

/** After and control beside before, and after beside the control. */
function pairsOf(made: Made): { name: string; differences: ReturnType<typeof differencesOf> }[] {
  return made.flatMap(([subject, figures], i) =>
    made.slice(0, i).map(([other, from]) => ({
      name: `${subject.label} − ${other.label}`,
      differences: differencesOf(figures, from),
    })),
  );
}

/** Measures, draws and writes `continuation`. */
export async function continuation(analysis: ContinuationAnalysis): Promise<void> {
  const { subjects, out, command, network, given, seeds } = analysis;
  const bounds = boundFigures(analysis);
  const made: Made = subjects.all.map((subject) => [subject, continuationFigures(subject, analysis)]);
  const pictures = [await drawGrid(analysis)];
  const names = { distance: 'L2', frechet: network.distance.name, agreement: 'class' };
  const pairs = pairsOf(made);
  if (pairs.length)
    await writeSvg(
      join(out, 'differences'),
      whiskerChart(
        { title: 'Differences paired by seed, mean and 95 % interval', xName: '%' },
        pairs.flatMap(({ name, differences }) =>
          differences.map(({ key, summary: { mean, halfWidth, count } }) => ({
            name: `${names[key]}: ${name}`,
            value: mean,
            ...(count > 1 && { low: mean - halfWidth, high: mean + halfWidth }),
          })),
        ),
      ),
    );
  const scale = subjects.scales[given - 1]!;
  writeValues(out, { command, settings: { ...settingsOf(analysis), ...samplingOf(analysis), given: sizeOf(scale), network: network.sha256 }, bounds, figures: Object.fromEntries(made.map(([{ label }, figures]) => [label, figures])), differences: pairs, pictures }); // prettier-ignore
  const verdict = (summary: ReturnType<typeof summarise>) => `${intervalText(summary)}, ${verdictOf(summary)}`;
  const table: Table = {
    header: ['difference', ...compared.map((key) => names[key])],
    rows: pairs.map(({ name, differences }) => [name, ...compared.map((key) => { const one = differences.find((each) => each.key === key); return one ? verdict(one.summary) : '–'; })]), // prettier-ignore
  };
  const about = `All generators are given the true tokens of every scale up to ${scaleName(scale)} and sample the rest with the same random numbers. What the tokenizer keeps of the images with all scales given is the best that a continuation could reach. Features: ${network.description}. Tokens: ${samplingText(analysis)}.`; // prettier-ignore
  writePage(out, {
    title: `Continuation from the same true ${scaleName(scale)} tokens, before and after SAR`,
    blocks: [
      ...openingBlocks(analysis, 'SAR (arXiv 2512.06421): figures from the same ground-truth 4 × 4 scale.', about),
      { picture: 'grid', caption: `The image, its reconstruction from all scales, what is given, and continuations: ${subjects.all.map(({ label }) => label).join(', ')} with the same random numbers, seed after seed`, kind: 'png' }, // prettier-ignore
      { text: spreadNote(analysis, true) },
      { table: tableOf(analysis, bounds, made) },
      ...(pairs.length
        ? [
            { text: `Differences in per cent, paired by seed: mean with its 95 % interval over ${seeds} seeds (Student’s t). The images are the same in all of them, so the intervals say what other random numbers would change, and not what other images would.` }, // prettier-ignore
            { table },
            { picture: 'differences', caption: 'Differences paired by seed', kind: 'svg' as const },
          ]
        : []),
      { text: distanceNote(network) },
    ],
  });
}
