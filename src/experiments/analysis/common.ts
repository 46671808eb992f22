// What the analyses share: their settings, the held-out images they look at, and how their reports begin.
// Legend: B images, N tokens of a scale.
import { batch, imageCount, type ImageSet } from '../../data/index.js';
import type { EvaluationNetwork } from '../../recipes/index.js';
import { scalesText, type Tokenizer } from '../../tokenizers/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import type { Block, Table } from '../page.js';
import { imageSeeds, type PassSettings, type Truth } from './passes.js';
import { type Subjects } from './subjects.js';

/** What every analysis is given. */
export interface Analysis {
  subjects: Subjects;
  /** The held-out images that it looks at, the classes in turn. */
  images: ImageSet;
  /** All held-out images, as reports name them, e.g. `fashion-mnist test (10000 images)`. */
  reference: string;
  /** Chooses the images, and begins the seeds of what is sampled. */
  seed: number;
  /** How many seeds everything sampled is sampled with. */
  seeds: number;
  /** Images of the picture. */
  shown: number;
  batchSize: number;
  passes: PassSettings;
  /** The folder of the report. */
  out: string;
  /** How the user called it. */
  command: string;
}

/** An analysis that compares features. */
export interface FeatureAnalysis extends Analysis {
  network: EvaluationNetwork;
}

/** Settings that all figures depend on. */
export function settingsOf({
  subjects,
  images,
  reference,
  seed,
  batchSize,
  passes: { device },
}: Analysis): Record<string, unknown> {
  const { tokenizer, scales } = subjects;
  const kind = device.split(':')[0]; // one GPU computes as another
  return { tokenizer: tokenizer.weights, jackknife: 'neighbours', scales: scalesText(scales), data: reference, images: imageCount(images), seed, batchSize, device: kind }; // prettier-ignore
}

/** Settings of what is sampled; a temperature of 1 is left out, so that figures kept before there was one still count. */
export function samplingOf({ seeds, passes: { cfg, topK, topP, temperature } }: Analysis): Record<string, unknown> {
  return { seeds, cfg, topK, topP, ...(temperature !== 1 && { temperature }) };
}

/** One batch of the images: pixels [B, 3, H, W] on the device, true tokens, labels; without seeds of tokens. */
export interface Part extends Omit<Truth, 'seeds'> {
  first: number;
  image_B3HW: Tensor;
}

/** Runs `body` on the images from `first` on, at most `count`, with their true tokens, in a scope of its own. */
export function withPart<T>(
  analysis: Analysis,
  tokenizer: Tokenizer,
  first: number,
  count: number,
  body: (part: Part) => T,
): T {
  const { images, passes } = analysis;
  const indices = Array.from({ length: Math.min(count, imageCount(images) - first) }, (_, i) => first + i);
  return noGrad(() =>
    scope(() => {
      const image_B3HW = batch(images, indices).image_B3HW.to({ device: passes.device });
      const targets = tokenizer.tokens(image_B3HW, passes.scales);
      return body({ first, image_B3HW, targets, labels: indices.map((index) => images.labels[index]!) });
    }),
  );
}

/** Runs `body` on all images, batch after batch. */
export function eachPart(analysis: Analysis, tokenizer: Tokenizer, body: (part: Part) => void): void {
  const count = imageCount(analysis.images);
  for (let first = 0; first < count; first += analysis.batchSize)
    withPart(analysis, tokenizer, first, analysis.batchSize, body);
}

/** The truth of a part with the seeds of one repetition, numbered from 0. */
export function truthOf({ first, labels, targets }: Part, { seed }: Analysis, repetition: number): Truth {
  return { labels, targets, seeds: imageSeeds(seed + repetition, first, labels.length) };
}

/** A row a generator: name, path, role. */
export function subjectsTable({ all }: Subjects): Table {
  return { header: ['generator', 'file'], rows: all.map(({ label, path }) => [label, `\`${path}\``]) };
}

const controlNote = ({ all }: Subjects): string => {
  const roles = all.map(({ role }) => role);
  if (!roles.includes('after') || !roles.includes('before')) return '';
  if (roles.includes('control')) return ' The control had as many more steps of teacher forcing from the same checkpoint: what it shares with the refined one is no effect of SAR.'; // prettier-ignore
  return ' There is no control of as many more steps of teacher forcing here: what differs between before and after may be more training, and not SAR.'; // prettier-ignore
};

/** What stands before the results. */
export function openingBlocks(analysis: Analysis, source: string, what: string): Block[] {
  const { subjects, images, reference, seed, command } = analysis;
  return [
    { text: `**Source.** ${source}` },
    { text: what },
    { command },
    { table: subjectsTable(subjects) },
    {
      text: `${imageCount(images)} held-out images of ${reference}, chosen by seed ${seed}, the classes in equal shares; scales ${scalesText(subjects.scales)}. The same images, classes and random numbers for all generators.${controlNote(subjects)}`,
    },
  ];
}

/** How spreads are written in tables. */
export function spreadNote({ seeds }: Analysis, jackknifed = false): string {
  const errors = jackknifed ? '; of distances and entropies, which belong to all images together, its standard error by a jackknife over tenths of the images' : ''; // prettier-ignore
  const repeated = seeds > 1 ? `; in brackets the standard deviation over ${seeds} seeds of the tokens, where tokens were drawn` : ''; // prettier-ignore
  return `Mean ± standard deviation over images${errors}${repeated}.`;
}

/** What the tokens were chosen by. */
export function samplingText({ passes: { cfg, topK, topP, temperature } }: Analysis): string {
  const filters = [topK ? `top-k ${topK}` : '', topP ? `top-p ${topP}` : ''].filter(Boolean).join(', ');
  const tempered = temperature === 1 ? '' : `, temperature ${temperature}`;
  return `guidance ${cfg ? `(ramp) ${cfg}` : 'none'}${tempered}, ${filters || 'all codes may be drawn'}`;
}
