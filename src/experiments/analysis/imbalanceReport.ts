// The report of `imbalance`: targets and inputs of every scale as pictures, and what a scale adds as bars and a table.
import { join } from 'node:path';
import { type Cell, cellsOf, gridPng } from '../../evaluate/index.js';
import { writeSvg } from '../../recipes/index.js';
import { scaleName } from '../../tokenizers/index.js';
import { writeFileAtomic } from '../../util/files.js';
import { type Table, writePage } from '../page.js';
import { type Analysis, openingBlocks, settingsOf, spreadNote, withPart } from './common.js';
import { costOf, type ScaleSupply, supplyOf } from './imbalance.js';
import { writeValues } from './kept.js';
import { type PictureCells, pictureCells } from './pictureCells.js';
import { imagePyramid, latentPyramid, type PyramidScale } from './pyramids.js';
import { type Panel, roleColours, scalePanels } from './scaleCharts.js';
import { type Spread, spreadCell } from './spread.js';
import { withPair } from './subjects.js';

/** A row of the strip: the picture of every scale of one image, or none. */
type Row = [label: string, of: (scale: PyramidScale) => Cell[] | undefined];

const blank: Cell = { rgb: new Uint8Array(3).fill(225), width: 1, height: 1 };

/** Rows of an image: latent and image space, target and input. */
function stripOf(analysis: Analysis): { image: number; row: string; label: string; cells: Cell[] }[] {
  const { subjects, images, shown, passes } = analysis;
  const rows: readonly Row[] = [
    ['target', ({ target_B3hw }) => cellsOf(target_B3hw)],
    ['input', ({ input_B3hw }) => input_B3hw && cellsOf(input_B3hw)],
    ...(subjects.family === 'var' ? [['target by itself', ({ alone_B3hw }) => alone_B3hw && cellsOf(alone_B3hw)] as Row] : []), // prettier-ignore
  ];
  return withPair(subjects.all[0]!, ({ tokenizer }) =>
    withPart(analysis, tokenizer, 0, shown, ({ image_B3HW, targets, labels }) => {
      const originals = cellsOf(image_B3HW);
      const spaces = [
        ['latent', rows, latentPyramid(tokenizer, targets, passes.scales)],
        ['pixels', rows.slice(0, 2), imagePyramid(tokenizer, image_B3HW, passes.scales)],
      ] as const;
      return labels.flatMap((label, image) =>
        spaces.flatMap(([space, own, scales], s) =>
          own.map(([name, of], r) => ({
            image,
            row: `${space}, ${name}`,
            label: s + r === 0 ? `${images.classes[label]!}: ${space}, ${name}` : `${space}, ${name}`,
            cells: [s + r === 0 ? originals[image]! : blank, ...scales.map((scale) => of(scale)?.[image] ?? blank)],
          })),
        ),
      );
    }),
  );
}

async function drawStrip(analysis: Analysis): Promise<PictureCells> {
  const rows = stripOf(analysis);
  const columnLabels = ['image', ...analysis.subjects.scales.map(scaleName)];
  const grid = await gridPng(
    rows.flatMap(({ cells }) => cells),
    {
      columns: analysis.subjects.scales.length + 1,
      cellSize: 64,
      rowLabels: rows.map(({ label }) => label),
      columnLabels,
    },
  );
  writeFileAtomic(join(analysis.out, 'strip.png'), grid.data);
  const { images, shown } = analysis;
  const groups = Array.from({ length: shown }, (_, image) => ({
    name: images.classes[images.labels[image]!]!,
    rows: rows.filter((one) => one.image === image).map(({ row }) => row),
  }));
  return pictureCells('strip.png', grid, grid.places, columnLabels, groups);
}

type Costs = Readonly<Record<string, readonly Spread[]>>;

const scaled = ({ mean, images, seeds }: Spread, factor: number): Spread => ({
  mean: factor * mean,
  ...(images !== undefined && { images: factor * images }),
  ...(seeds !== undefined && { seeds: factor * seeds }),
});

/** dB that a scale adds to the one before. */
const gain = (supply: readonly ScaleSupply[], key: 'psnr' | 'psnrInImageSpace', i: number): number | undefined => (i > 0 ? supply[i]![key].mean - supply[i - 1]![key].mean : undefined); // prettier-ignore

const greys = ['#444444', '#999999', '#cccccc'] as const;

function panelsOf({ subjects }: Analysis, supply: readonly ScaleSupply[], costs: Costs): Panel[] {
  const series = (name: string, color: string, spreads: readonly (Spread | undefined)[]) => ({ name, color, values: spreads.map((one) => one?.mean), spreads: spreads.map((one) => one?.images) }); // prettier-ignore
  const plain = (name: string, color: string, values: readonly (number | undefined)[]) => ({ name, color, values });
  return [
    {
      title: 'Bits a token: what generators need, and entropies',
      yName: 'bits a token',
      kind: 'bars',
      series: [
        ...subjects.all.map(({ label, role }) => plain(label, roleColours[role], costs[label]!.map(({ mean }) => mean))), // prettier-ignore
        plain(
          'entropy of the scale’s tokens',
          greys[0],
          supply.map(({ entropy }) => entropy.millerMadow.mean),
        ),
        plain('the same, given the token above', greys[1], supply.map(({ conditional }) => conditional?.millerMadow.mean)), // prettier-ignore
      ],
    },
    {
      title: 'Bits an image that a scale adds',
      yName: 'bits an image',
      kind: 'bars',
      series: subjects.all.map(({ label, role }) => series(label, roleColours[role], costs[label]!.map((one, i) => scaled(one, supply[i]!.tokens)))), // prettier-ignore
    },
    {
      title: 'Tokens found by copying',
      yName: 'share of tokens',
      kind: 'bars',
      series: [
        series(
          'token above repeated',
          '#8c564b',
          supply.map(({ repeated }) => repeated),
        ),
        ...(subjects.family === 'flexvar'
          ? [
              series(
                'nearest code to the input, latent space',
                '#009e73',
                supply.map(({ copied }) => copied),
              ),
              series(
                'the same, image space',
                '#cc79a7',
                supply.map(({ copiedInImageSpace }) => copiedInImageSpace),
              ),
            ]
          : []),
      ],
    },
    {
      title: 'PSNR that a scale adds',
      yName: 'dB',
      kind: 'bars',
      series: [
        plain(
          'pyramid of latents',
          '#009e73',
          supply.map((_, i) => gain(supply, 'psnr', i)),
        ),
        plain(
          'pyramid of images',
          '#cc79a7',
          supply.map((_, i) => gain(supply, 'psnrInImageSpace', i)),
        ),
      ],
    },
  ];
}

const cell = (spread: Spread | undefined, digits: number): string => (spread ? spreadCell(spread, digits) : '–');

function bitsTable({ subjects }: Analysis, supply: readonly ScaleSupply[], costs: Costs): Table {
  const perToken = subjects.all.map(({ label }) => [`${label}, bits a token`, ...costs[label]!.map((one) => cell(one, 3))]); // prettier-ignore
  const perImage = subjects.all.map(({ label }) => [`${label}, bits an image`, ...costs[label]!.map((one, i) => cell(scaled(one, supply[i]!.tokens), 1))]); // prettier-ignore
  const told = ({ conditional, shuffled }: ScaleSupply) => conditional && shuffled && (shuffled.mean - conditional.plugIn.mean).toFixed(3); // prettier-ignore
  return {
    header: ['', ...subjects.scales.map(scaleName)],
    rows: [
      ['tokens', ...supply.map(({ tokens }) => String(tokens))],
      ...perToken,
      ...perImage,
      ['entropy, as counted', ...supply.map(({ entropy }) => cell(entropy.plugIn, 3))],
      ['entropy, Miller–Madow', ...supply.map(({ entropy }) => cell(entropy.millerMadow, 3))],
      ['given the token above, as counted', ...supply.map(({ conditional }) => cell(conditional?.plugIn, 3))],
      ['given the token above, Miller–Madow', ...supply.map(({ conditional }) => cell(conditional?.millerMadow, 3))],
      ['given that of another image, as counted', ...supply.map(({ shuffled }) => cell(shuffled, 3))],
      ['what the token above tells: the difference of the two as counted', ...supply.map((one) => told(one) ?? '–')],
    ],
  };
}

function copyTable({ subjects }: Analysis, supply: readonly ScaleSupply[]): Table {
  const signed = (value: number | undefined) => (value === undefined ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`); // prettier-ignore
  const copies =
    subjects.family === 'flexvar'
      ? [
          ['nearest code to the input, latent space', ...supply.map(({ copied }) => cell(copied, 3))],
          ['nearest code to the input, image space', ...supply.map(({ copiedInImageSpace }) => cell(copiedInImageSpace, 3))], // prettier-ignore
        ]
      : [];
  return {
    header: ['', ...subjects.scales.map(scaleName)],
    rows: [
      ['token above repeated', ...supply.map(({ repeated }) => cell(repeated, 3))],
      ...copies,
      ['PSNR (dB), pyramid of latents', ...supply.map(({ psnr }) => cell(psnr, 2))],
      ['its gain', ...supply.map((_, i) => signed(gain(supply, 'psnr', i)))],
      ['PSNR (dB), pyramid of images', ...supply.map(({ psnrInImageSpace }) => cell(psnrInImageSpace, 2))],
      ['its gain', ...supply.map((_, i) => signed(gain(supply, 'psnrInImageSpace', i)))],
    ],
  };
}

const what = ({ subjects }: Analysis): string => {
  const inputs =
    subjects.family === 'flexvar'
      ? 'the codes of the scale before, enlarged bicubically'
      : 'the running sum of the scales before, pooled to the scale';
  return `What each scale is asked for and what it is given. **In latent space**, as these models are trained: the target is the quantised latent at the scale’s size, the input ${inputs}. **In image space**: the image is reduced by area to the scale’s size in pixels and encoded anew; the input is the picture of the scale before, enlarged bicubically. Pictures of a scale are as large as it decodes (${subjects.tokenizer.stride} pixels a token); PSNR is of their bilinear enlargement. Generators cost bits under teacher forcing, with the class, without guidance.`; // prettier-ignore
};

const bias = `Entropies that are counted from few tokens of many codes are too low, conditional ones above all: the pairs of codes outnumber the tokens. Miller and Madow’s correction (K − 1) / 2N takes a part of that. The row with another image’s token as the condition (mean over 3 random pairings of images) has about the same bias and keeps what the place alone tells; only its difference from the true pairing is to be read as what the token above tells, and even that is too low where counts run out.`; // prettier-ignore

/** Measures, draws and writes `imbalance`. */
export async function imbalance(analysis: Analysis): Promise<void> {
  const { subjects, out, command } = analysis;
  const supply = supplyOf(analysis);
  const costs: Costs = Object.fromEntries(subjects.all.map((subject) => [subject.label, costOf(subject, analysis)]));
  const pictures = [await drawStrip(analysis)];
  await writeSvg(join(out, 'bars'), scalePanels(panelsOf(analysis, supply, costs), subjects.scales));
  writeValues(out, { command, settings: settingsOf(analysis), tokenizer: supply, bitsPerToken: costs, pictures });
  writePage(out, {
    title: 'Supervision imbalance between scales',
    blocks: [
      ...openingBlocks(analysis, 'SAR (arXiv 2512.06421), section 3: scale-wise learning imbalance.', what(analysis)),
      { text: spreadNote({ ...analysis, seeds: 1 }, true) },
      { picture: 'strip', caption: 'Targets and inputs of every scale, in latent and in image space; the first scale’s input is the class', kind: 'png' }, // prettier-ignore
      { heading: 'Information a scale adds' },
      {
        picture: 'bars',
        caption: 'What every scale adds; whiskers: standard deviation over images, cut off at 0',
        kind: 'svg',
      },
      { table: bitsTable(analysis, supply, costs) },
      { text: bias },
      { heading: 'What the input tells already, and what a scale adds to the picture' },
      { table: copyTable(analysis, supply) },
    ],
  });
}
