// Difference maps Δ_i between scales (SAR, figure 8). What they are maps of is not published, so both readings are drawn:
// (a) |x_i − x_(i−1)| between the decoded pictures of consecutive scales; (b) |student − teacher| between those of one scale.
// Legend: B images, H and W their sides.
import { imageCount } from '../../data/index.js';
import type { Pair } from '../../recipes/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import { progress } from '../../util/progress.js';
import { type Analysis, eachPart, type Part, samplingOf, settingsOf, truthOf } from './common.js';
import { kept } from './kept.js';
import { type Choice, choices, ownPass, type Pass, staggerPass, teacherPass } from './passes.js';
import { differenceMap, picturesOfPass } from './scalePictures.js';
import { type Spread, spreadOfImages } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** Who is compared with the teacher. */
export const students = ['rollout', 'own'] as const;
export type Student = (typeof students)[number];

/** One reading: its name in figures, and the maps of each scale but the first [B, H, W], 0 to 1. */
export type Reading = 'consecutive' | `${Student}-${Choice}`;

/** All readings, the reading (a) first. */
export const readings: readonly Reading[] = ['consecutive', ...students.flatMap((student) => choices.map((choice) => `${student}-${choice}` as const))]; // prettier-ignore

/** Means of a generator's maps by reading, one a scale from the second on. */
export type MapMeans = Readonly<Record<Reading, readonly Spread[]>>;

/** |x_i − x_(i−1)| [B, H, W] for i from the second scale on, of the pictures of all scales. */
export function consecutiveMaps(pictures: readonly Tensor[]): Tensor[] {
  return scope(() => pictures.slice(1).map((picture, i) => differenceMap(picture, pictures[i]!)));
}

/** |a_i − b_i| [B, H, W] from the second scale on; at the first both are the same, since nothing was fed. */
function mapsBetween(a: readonly Tensor[], b: readonly Tensor[]): Tensor[] {
  return a.slice(1).map((one, i) => differenceMap(one, b[i + 1]!));
}

/** The maps of a part's images under one repetition, by reading: those of drawn tokens, and on demand those of the most probable ones. */
export function mapsOf(
  pair: Pair,
  part: Part,
  analysis: Analysis,
  repetition: number,
  choice: Choice,
): { maps: Partial<Record<Reading, Tensor[]>>; own: Tensor[] } {
  const { passes } = analysis;
  const truth = truthOf(part, analysis, repetition);
  return noGrad(() =>
    scope(() => {
      const pictures = (pass: Pass) => picturesOfPass(pair.tokenizer, pass, passes.scales);
      const teacher = teacherPass(pair, truth, choice, passes);
      const taught = pictures(teacher);
      const own = pictures(ownPass(pair, truth, choice, passes));
      const rolled = pictures(staggerPass(pair, truth, teacher, choice, passes));
      const maps = {
        [`rollout-${choice}`]: mapsBetween(rolled, taught),
        [`own-${choice}`]: mapsBetween(own, taught),
        ...(choice === 'sample' && { consecutive: consecutiveMaps(own) }),
      };
      return { maps, own };
    }),
  );
}

/** Collects the images' means of maps: `[repetition][scale][image]` by reading. */
class Means {
  readonly #values = new Map<string, number[][][]>();

  add(reading: string, repetition: number, maps: readonly Tensor[]): void {
    const all = this.#values.get(reading) ?? [];
    this.#values.set(reading, all);
    const scales = (all[repetition] ??= maps.map(() => []));
    maps.forEach((map_BHW, i) => { scales[i]!.push(...map_BHW.mean([1, 2]).toArray()); }); // prettier-ignore
  }

  spreads(reading: string): Spread[] {
    const all = this.#values.get(reading)!;
    return all[0]!.map((_, scale) => spreadOfImages(all.map((scales) => scales[scale]!)));
  }
}

function measure(pair: Pair, subject: Subject, analysis: Analysis): MapMeans {
  const means = new Means();
  const total = imageCount(analysis.images);
  const bar = progress({ label: `difference maps, ${subject.label}`, total, unit: 'images' });
  try {
    eachPart(analysis, pair.tokenizer, (part) => {
      const take = (choice: Choice, repetition: number) => {
        scope(() => {
          const { maps } = mapsOf(pair, part, analysis, repetition, choice);
          for (const [reading, one] of Object.entries(maps)) means.add(reading, repetition, one);
        });
      };
      take('argmax', 0);
      for (let repetition = 0; repetition < analysis.seeds; repetition++) take('sample', repetition);
      bar.update(part.first + part.labels.length);
    });
  } finally {
    bar.stop();
  }
  return Object.fromEntries(readings.map((reading) => [reading, means.spreads(reading)])) as Record<Reading, Spread[]>;
}

/** Means of a generator's maps over all images of the analysis; measured once. */
export function mapMeans(subject: Subject, analysis: Analysis): MapMeans {
  const settings = {
    what: 'difference maps',
    weights: subject.weights,
    ...settingsOf(analysis),
    ...samplingOf(analysis),
  };
  return kept(analysis.out, `maps-${subject.role}`, settings, () =>
    withPair(subject, (pair) => measure(pair, subject, analysis)),
  );
}

/** Means of |x_i − x_(i−1)| of the images' own tokens: what a generator should show. */
export function trueMeans(analysis: Analysis): readonly Spread[] {
  const settings = { what: 'difference maps of true tokens', ...settingsOf(analysis) };
  return kept(analysis.out, 'maps-truth', settings, () =>
    withPair(analysis.subjects.all[0]!, ({ tokenizer }) => {
      const means = new Means();
      eachPart(analysis, tokenizer, ({ targets }) => {
        means.add(
          'truth',
          0,
          consecutiveMaps(picturesOfPass(tokenizer, { fed: targets, tokens: targets }, analysis.passes.scales)),
        );
      });
      return means.spreads('truth');
    }),
  );
}
