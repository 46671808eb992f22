// The report of `divergence`: a strip of pictures under true and own inputs, the figures by scale as lines and tables.
import { join } from 'node:path';
import { type Cell, cellsOf, gridPng } from '../../evaluate/index.js';
import { writeSvg } from '../../recipes/index.js';
import { scaleName } from '../../tokenizers/index.js';
import { scope } from '../../torch/index.js';
import { writeFileAtomic } from '../../util/files.js';
import { type Block, type Table, writePage } from '../page.js';
import {
  type FeatureAnalysis,
  openingBlocks,
  samplingOf,
  samplingText,
  settingsOf,
  spreadNote,
  truthOf,
  withPart,
} from './common.js';
import { type Divergence, divergenceFigures, type ScaleFigures, type Variant } from './divergence.js';
import { writeValues } from './kept.js';
import { type PictureCells, pictureCells } from './pictureCells.js';
import { distanceNote } from './look.js';
import { type Choice, choices, ownPass, type Pass, teacherPass } from './passes.js';
import { type Panel, roleColours, scalePanels, type Series } from './scaleCharts.js';
import { decodedOf } from './scalePictures.js';
import { spreadCell } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** A row of the strip: pictures by scale and image. */
interface Row {
  label: string;
  cells: Cell[][];
}

/** Rows of one generator, or of the truth where none is given. */
function rowsOf(analysis: FeatureAnalysis, subject: Subject | undefined): Row[] {
  const { subjects, shown, passes } = analysis;
  return withPair(subject ?? subjects.all[0]!, (pair) =>
    withPart(analysis, pair.tokenizer, 0, shown, (part) => {
      const draw = (label: string, pass: Pick<Pass, 'fed' | 'tokens'>) => ({ label, cells: scope(() => decodedOf(pair.tokenizer, pass, passes.scales)).map(cellsOf) }); // prettier-ignore
      if (!subject) return [draw('true tokens', { fed: part.targets, tokens: part.targets })];
      const truth = truthOf(part, analysis, 0);
      const of = (pass: (choice: Choice) => Pass, choice: Choice, name: string) => draw(`${subject.label}, ${name}`, pass(choice)); // prettier-ignore
      const teacher = (choice: Choice) => teacherPass(pair, truth, choice, passes);
      const own = (choice: Choice) => ownPass(pair, truth, choice, passes);
      return [
        of(teacher, 'argmax', 'true inputs, argmax'),
        of(own, 'argmax', 'own inputs, argmax'),
        of(teacher, 'sample', 'true inputs, drawn'),
        of(own, 'sample', 'own inputs, drawn'),
      ];
    }),
  );
}

async function drawStrip(analysis: FeatureAnalysis): Promise<PictureCells> {
  const { subjects, images, shown, out } = analysis;
  const rows = [undefined, ...subjects.all].flatMap((subject) => rowsOf(analysis, subject));
  const numbers = Array.from({ length: shown }, (_, image) => image);
  const columnLabels = subjects.scales.map(scaleName);
  const classOf = (image: number) => images.classes[images.labels[image]!]!;
  const grid = await gridPng(
    numbers.flatMap((image) => rows.flatMap(({ cells }) => cells.map((scale) => scale[image]!))),
    {
      columns: subjects.scales.length,
      cellSize: 64,
      rowLabels: numbers.flatMap((image) => rows.map(({ label }, i) => (i === 0 ? `${classOf(image)}: ${label}` : label))), // prettier-ignore
      columnLabels,
    },
  );
  writeFileAtomic(join(out, 'strip.png'), grid.data);
  const groups = numbers.map((image) => ({ name: classOf(image), rows: rows.map(({ label }) => label) }));
  return pictureCells('strip.png', grid, grid.places, columnLabels, groups);
}

interface Figure {
  key: keyof ScaleFigures;
  title: string;
  unit: string;
  digits: number;
  /** Whether true inputs have it too: the teacher's distance from itself is none. */
  ofTeacher: boolean;
}

const figuresOf = (analysis: FeatureAnalysis): readonly Figure[] => [
  { key: 'accuracy', title: 'Tokens that are the true ones', unit: 'share', digits: 4, ofTeacher: true },
  { key: 'agreement', title: 'Own-input tokens that are the teacher’s', unit: 'share', digits: 4, ofTeacher: false },
  { key: 'divergence', title: 'KL(true inputs ‖ own inputs)', unit: 'nats a token', digits: 3, ofTeacher: false },
  { key: 'entropy', title: 'Entropy of the predictions', unit: 'nats a token', digits: 3, ofTeacher: true },
  { key: 'distance', title: 'Feature distance to the true picture', unit: 'L2', digits: 3, ofTeacher: true },
  { key: 'frechet', title: `${analysis.network.distance.name} to the true pictures of the scale`, unit: analysis.network.distance.name, digits: 3, ofTeacher: true }, // prettier-ignore
];

type All = Readonly<Record<string, Divergence>>;

const nameOf: Readonly<Record<Variant, string>> = {
  'teacher-argmax': 'true inputs, argmax',
  'own-argmax': 'own inputs, argmax',
  'teacher-sample': 'true inputs, drawn',
  'own-sample': 'own inputs, drawn',
};

const variantsOf = (choice: Choice, { ofTeacher }: Figure): Variant[] => ofTeacher ? [`teacher-${choice}`, `own-${choice}`] : [`own-${choice}`]; // prettier-ignore

/** A figure's panels, one a choice of tokens: own inputs solid, true ones dashed. */
function panelsOf({ subjects }: FeatureAnalysis, all: All, figure: Figure): Panel[] {
  return choices.map((choice) => ({
    title: `${figure.title}, ${choice === 'argmax' ? 'argmax' : 'drawn'}`,
    yName: figure.unit,
    kind: 'lines',
    series: subjects.all.flatMap(({ label, role }) =>
      variantsOf(choice, figure).map((variant): Series => {
        const spreads = all[label]![variant].map((one) => one[figure.key]);
        const own = variant.startsWith('own');
        return {
          name: `${label}, ${own ? 'own' : 'true'} inputs`,
          color: roleColours[role],
          dash: own ? 'solid' : 'dashed',
          values: spreads.map(({ mean }) => mean),
          spreads: spreads.map(({ seeds, images }) => (figure.key === 'frechet' ? images : seeds)),
        };
      }),
    ),
  }));
}

function tableOf({ subjects }: FeatureAnalysis, all: All, figure: Figure): Table {
  const rows = choices.flatMap((choice) =>
    variantsOf(choice, figure).flatMap((variant) =>
      subjects.all.map(({ label }) => [
        nameOf[variant],
        label,
        ...all[label]![variant].map((one) => spreadCell(one[figure.key], figure.digits)),
      ]),
    ),
  );
  return { header: ['fed with, tokens', 'generator', ...subjects.scales.map(scaleName)], rows };
}

const what = (analysis: FeatureAnalysis): string =>
  `Every generator predicts the same held-out images twice: fed with the true tokens of the scales before (teacher forcing, what it was trained on) and fed with its own predictions (what sampling does). Both choose tokens by the same random numbers, or take the most probable ones. The pictures of a scale are decoded${analysis.subjects.family === 'flexvar' ? ' and enlarged to the last scale’s size bilinearly' : ' from the running sum of what was fed and the scale’s own tokens'}; their features are those of ${analysis.network.description}. Tokens: ${samplingText(analysis)}. A model need not find the true tokens under its own inputs: it draws another image of the class. What counts is how the distance to teacher forcing grows.`; // prettier-ignore

/** Measures, draws and writes `divergence`. */
export async function divergence(analysis: FeatureAnalysis): Promise<void> {
  const { subjects, out, command, network } = analysis;
  const all: All = Object.fromEntries(subjects.all.map((subject) => [subject.label, divergenceFigures(subject, analysis)])); // prettier-ignore
  const pictures = [await drawStrip(analysis)];
  const figures = figuresOf(analysis);
  await writeSvg(join(out, 'growth'), scalePanels(figures.flatMap((figure) => panelsOf(analysis, all, figure)), subjects.scales)); // prettier-ignore
  writeValues(out, { command, settings: { ...settingsOf(analysis), ...samplingOf(analysis), network: network.sha256 }, figures: all, pictures }); // prettier-ignore
  const tables = figures.flatMap((figure): Block[] => [{ heading: `${figure.title} (${figure.unit})` }, { table: tableOf(analysis, all, figure) }]); // prettier-ignore
  const note = ` ${distanceNote(network)} Of few images it is biased upwards, for all generators alike.`;
  writePage(out, {
    title: 'Divergence between true and own inputs, scale by scale',
    blocks: [
      ...openingBlocks(analysis, 'SAR (arXiv 2512.06421), section 3: train–test mismatch.', what(analysis)),
      { text: `${spreadNote(analysis, true)}${note}` },
      { picture: 'growth', caption: 'Growth over scales; bars: standard deviation over seeds, of Fréchet distances the jackknife’s standard error', kind: 'svg' }, // prettier-ignore
      { picture: 'strip', caption: 'Decoded pictures of each scale: true tokens, then each generator under true and under own inputs', kind: 'png' }, // prettier-ignore
      ...tables,
    ],
  });
}
