// `values.json` of the analyses: figures of every scale (difference maps, divergence, imbalance), or of continuations.
import { z } from 'zod';
import { cellPicture, type ExperimentResults, type GroupChart, type ScaleChart } from '../api/index.js';
import { metricOf, number, orNull, summaryOf } from './numbers.js';

const spread = z.object({ mean: number, images: number.optional(), seeds: number.optional() });
type Spread = z.output<typeof spread>;
const byScale = z.array(spread);

const settings = z.looseObject({ scales: z.string(), data: z.string(), images: z.int() });
type Settings = z.output<typeof settings>;

type Series = ScaleChart['series'][number];
type Read = { results: ExperimentResults; said: string };

const seriesOf = (name: string, values: readonly (Spread | undefined)[]): Series => ({
  name,
  values: values.map((one) => one ? { mean: orNull(one.mean), images: orNull(one.images), seeds: orNull(one.seeds) } : null), // prettier-ignore
});

/** Scales as pictures' columns are called: `5 × 5`. */
const scalesOf = ({ scales }: Settings) => scales.split(',').map((one) => one.trim().split('x')).map(([height, width = height]) => `${height} × ${width}`); // prettier-ignore

/** Older files have none. */
const pictures = z.array(cellPicture).default([]);
const saidOf = ({ data, images }: Settings, what: string) => `${images} images of ${data}: ${what}`;

const mapTitles: readonly (readonly [key: string, title: string])[] = [
  ['consecutive', '|x_i − x_(i−1)| between consecutive scales, drawn tokens'],
  ['rollout-argmax', '|student − teacher|, one stagger, argmax'],
  ['rollout-sample', '|student − teacher|, one stagger, drawn tokens'],
  ['own-argmax', '|student − teacher|, own inputs, argmax'],
  ['own-sample', '|student − teacher|, own inputs, drawn tokens'],
];

const maps = z.object({
  settings,
  truth: byScale,
  means: z.record(z.string(), z.record(z.string(), byScale)),
  pictures,
});

function readMaps({ settings, truth, means, pictures }: z.output<typeof maps>): Read {
  const scales = scalesOf(settings).slice(1);
  const labels = Object.keys(means);
  const charts = mapTitles.flatMap(([key, title]): ScaleChart[] => {
    const series = labels.flatMap((label) => (means[label]![key] ? [seriesOf(label, means[label]![key])] : []));
    if (!series.length) return [];
    const all = key === 'consecutive' ? [seriesOf('true tokens', truth), ...series] : series;
    return [{ key, title, unit: 'share of a pixel’s range', digits: 4, scales, series: all, picture: `maps-${key}.png` }]; // prettier-ignore
  });
  return { results: { kind: 'scales', charts, pictures }, said: saidOf(settings, 'how far pictures of scales differ') };
}

const divergence = z.object({
  settings,
  figures: z.record(z.string(), z.record(z.string(), z.array(z.record(z.string(), spread)))),
  pictures,
});

const divergenceTitles = [
  ['accuracy', 'Tokens that are the true ones', 'share', 4, true],
  ['agreement', 'Own-input tokens that are the teacher’s', 'share', 4, false],
  ['divergence', 'KL(true inputs ‖ own inputs)', 'nats a token', 3, false],
  ['distance', 'Feature distance to the true picture', 'L2', 3, true],
  ['frechet', 'Fréchet distance to the true pictures of the scale', 'distance', 3, true],
] as const;

/** Own inputs, and true ones where their figure says anything, of one choice of tokens. */
function divergenceChart(
  { settings, figures }: z.output<typeof divergence>,
  choice: 'argmax' | 'sample',
): ScaleChart[] {
  const scales = scalesOf(settings);
  return divergenceTitles.map(([figure, title, unit, digits, ofTeacher]) => ({
    key: `${figure}-${choice}`,
    title: `${title}, ${choice === 'argmax' ? 'argmax' : 'drawn'}`,
    unit,
    digits,
    scales,
    series: Object.entries(figures).flatMap(([label, variants]) =>
      (ofTeacher ? (['teacher', 'own'] as const) : (['own'] as const)).flatMap((inputs) => {
        const values = variants[`${inputs}-${choice}`];
        return values ? [seriesOf(`${label}, ${inputs === 'own' ? 'own' : 'true'} inputs`, values.map((one) => one[figure]))] : []; // prettier-ignore
      }),
    ),
    picture: 'strip.png',
  }));
}

function readDivergence(content: z.output<typeof divergence>): Read {
  const charts = (['sample', 'argmax'] as const).flatMap((choice) => divergenceChart(content, choice));
  const said = saidOf(content.settings, 'true inputs against own ones');
  return { results: { kind: 'scales', charts, pictures: content.pictures }, said };
}

const entropies = z.object({ plugIn: spread, millerMadow: spread });
const imbalance = z.object({
  settings,
  tokenizer: z.array(
    z.object({
      entropy: entropies,
      conditional: entropies.optional(),
      shuffled: spread.optional(),
      psnr: spread.optional(),
      psnrInImageSpace: spread.optional(),
    }),
  ),
  bitsPerToken: z.record(z.string(), byScale),
  pictures,
});

function readImbalance({ settings, tokenizer, bitsPerToken, pictures }: z.output<typeof imbalance>): Read {
  const scales = scalesOf(settings);
  const shared = { scales, picture: null };
  const charts: ScaleChart[] = [
    { ...shared, key: 'bits', title: 'What a token costs each generator', unit: 'bits', digits: 2, series: Object.entries(bitsPerToken).map(([label, values]) => seriesOf(label, values)) }, // prettier-ignore
    {
      ...shared,
      key: 'entropy',
      title: 'What a token tells: its entropy',
      unit: 'bits',
      digits: 2,
      series: [
        seriesOf('alone', tokenizer.map(({ entropy }) => entropy.millerMadow)),
        seriesOf('given the token above', tokenizer.map(({ conditional }) => conditional?.millerMadow)),
        seriesOf('given that of another image', tokenizer.map(({ shuffled }) => shuffled)),
      ],
    },
    {
      ...shared,
      key: 'psnr',
      title: 'How near the picture of a scale is to the image',
      unit: 'dB',
      digits: 2,
      series: [
        seriesOf('pyramid of latents', tokenizer.map(({ psnr }) => psnr)),
        seriesOf('pyramid of images', tokenizer.map(({ psnrInImageSpace }) => psnrInImageSpace)),
      ],
      picture: 'strip.png',
    },
  ]; // prettier-ignore
  return { results: { kind: 'scales', charts, pictures }, said: saidOf(settings, 'what every scale is asked for') };
}

const bySeed = z.object({ bySeed: z.record(z.string(), z.array(number)) });
const continuation = z.object({
  settings,
  bounds: z.record(z.string(), bySeed),
  figures: z.record(z.string(), bySeed),
  pictures,
});

function readContinuation({ settings, bounds, figures, pictures }: z.output<typeof continuation>): Read {
  const rows = [...Object.entries(bounds), ...Object.entries(figures)];
  const keys = [...new Set(rows.flatMap(([, one]) => Object.keys(one.bySeed)))];
  const reference = Object.keys(figures).find((name) => name.startsWith('control')) ?? null;
  const charts = keys.map((key): GroupChart => ({
    ...metricOf(key),
    unit: '',
    reference,
    rows: rows.flatMap(([name, one]) => {
      const values = one.bySeed[key];
      return values?.length ? [{ name, summary: summaryOf(values), values: values.map(orNull) }] : [];
    }),
  }));
  return {
    results: { kind: 'groups', charts, pictures },
    said: saidOf(settings, 'continued from the same true tokens'),
  };
}

const readers = [
  [maps, readMaps],
  [divergence, readDivergence],
  [imbalance, readImbalance],
  [continuation, readContinuation],
] as const;

/** Reads the file: an analysis of a kind that is not known here has its report alone. @throws ZodError where it has no settings */
export function readAnalysis(content: unknown): Read {
  for (const [schema, read] of readers) {
    const parsed = schema.safeParse(content);
    if (parsed.success) return (read as (content: unknown) => Read)(parsed.data);
  }
  const { settings: found } = z.object({ settings }).parse(content);
  return { results: { kind: 'report' }, said: saidOf(found, 'an analysis') };
}
