// Going on from the same true coarse scales, with the same random numbers: what generators make of them.
// Legend: B images, N images of a set, D features.
import { imageCount } from '../../data/index.js';
import { frechetDistanceOf, type FeatureStatistics, statisticsOf } from '../../evaluate/index.js';
import type { Pair } from '../../recipes/index.js';
import { givenUpTo, sample } from '../../sampling/index.js';
import { picturesOf, type Scales, sizeOf } from '../../tokenizers/index.js';
import { noGrad, scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { progress } from '../../util/progress.js';
import { eachPart, type FeatureAnalysis, type Part, samplingOf, settingsOf, truthOf } from './common.js';
import { joinRows } from './heldOut.js';
import { kept } from './kept.js';
import { look } from './look.js';
import { affordsJackknife, jackknife, type Spread, spreadOfFigures, spreadOfImages } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** How many scales are given: those up to the last one with no side above `until`. */
export function givenScales(scales: Scales, until: number): number {
  const count = scales.findLastIndex((scale) => Math.max(...sizeOf(scale)) <= until) + 1;
  if (count > 0 && count < scales.length) return count;
  throw new UsageError(`--until: expected a side that some scales have and the last has not, of ${scales.map((one) => sizeOf(one).join('x')).join(', ')}, got ${until}`); // prettier-ignore
}

/** A continuation's settings. */
export interface ContinuationAnalysis extends FeatureAnalysis {
  /** Scales that are given. */
  given: number;
  /** Statistics of the features of all held-out images. */
  heldOut: FeatureStatistics;
}

/** Figures of pictures; `distance` is absent of the originals themselves, `agreement` where the network knows no classes. */
export interface ContinuationFigures {
  /** Distance of features (L2) from the original image. */
  distance?: Spread;
  /** Fréchet distance to all held-out images. */
  frechet: Spread;
  /** Share of pictures whose class the network finds. */
  agreement?: Spread;
  /** Values of each seed, for differences between generators that are paired by seed. */
  bySeed: Readonly<Record<string, readonly number[]>>;
}

/** Pictures [B, 3, H, W] of a part, gone on with by one seed. */
export function continued({ generator, tokenizer }: Pair, part: Part, analysis: ContinuationAnalysis, repetition: number): Tensor {
  const { passes, given } = analysis;
  const { scales, cfg, topK, topP, temperature, device } = passes;
  const { labels, seeds, targets } = truthOf(part, analysis, repetition);
  const tokens = targets.map((indices_BN) => ({ indices_BN }));
  for (const record of sample(generator, tokenizer, {
    labels, seeds, scales, topK, topP, temperature, device,
    ...(cfg && { guidance: { shape: 'ramp', scale: cfg } }),
    given: givenUpTo(tokens, given),
    independent: false, // a batch at once: the last bits may depend on the neighbours, the random numbers do not
  }))
    if (record.index === scales.length - 1) return record.image();
  throw new Error('internal: sampling ended without an image');
} // prettier-ignore

/** Features and classes of the pictures of some repetitions. */
class Pictures {
  readonly #features: Float32Array[][] = [];
  readonly #distances: number[][] = [];
  readonly #right: number[][] = [];

  constructor(readonly analysis: ContinuationAnalysis) {}

  add(repetition: number, image_B3HW: Tensor, { image_B3HW: original_B3HW, labels }: Part): void {
    scope(() => {
      const { network } = this.analysis;
      const { features_BD, class_B } = look(network, image_B3HW);
      const original_BD = look(network, original_B3HW).features_BD;
      const list = <T>(all: T[][]): T[] => (all[repetition] ??= []);
      list(this.#features).push(features_BD.data());
      list(this.#distances).push(...features_BD.sub(original_BD).linalgVectorNorm(2, [1]).toArray());
      const found = class_B?.toArray();
      if (found) list(this.#right).push(...labels.map((label, i) => Number(found[i] === label)));
    });
  }

  #frechet(parts: readonly Float32Array[], count: number): { value: number; error?: number } {
    const { heldOut } = this.analysis;
    return scope(() => {
      const features_ND = joinRows(parts, count);
      const distance = (items: readonly number[]) => scope(() => frechetDistanceOf(heldOut, statisticsOf(features_ND.indexSelect(0, tensor([...items], { dtype: 'int64' }))))); // prettier-ignore
      const all = Array.from({ length: count }, (_, i) => i);
      return affordsJackknife(features_ND.size(1)) && count >= 20
        ? jackknife(count, distance)
        : { value: distance(all) };
    });
  }

  figures(isOriginal: boolean): ContinuationFigures {
    const count = imageCount(this.analysis.images);
    const distances = this.#features.map((parts) => this.#frechet(parts, count));
    const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const agreements = this.#right.map((one) => ({ value: meanOf(one) }));
    return {
      ...(!isOriginal && { distance: spreadOfImages(this.#distances) }),
      frechet: spreadOfFigures(distances),
      ...(agreements.length && { agreement: spreadOfFigures(agreements) }),
      bySeed: {
        distance: this.#distances.map(meanOf),
        frechet: distances.map(({ value }) => value),
        ...(agreements.length && { agreement: agreements.map(({ value }) => value) }),
      },
    };
  }
}

const shared = (analysis: ContinuationAnalysis) => ({ network: analysis.network.sha256, ...settingsOf(analysis) });

/** Figures of a generator's continuations; measured once. */
export function continuationFigures(subject: Subject, analysis: ContinuationAnalysis): ContinuationFigures {
  const settings = { what: 'continuation', given: analysis.given, weights: subject.weights, ...shared(analysis), ...samplingOf(analysis) }; // prettier-ignore
  return kept(analysis.out, `continuation-${subject.role}`, settings, () =>
    withPair(subject, (pair) => {
      const pictures = new Pictures(analysis);
      const bar = progress({ label: `continuation, ${subject.label}`, total: imageCount(analysis.images), unit: 'images' }); // prettier-ignore
      eachPart(analysis, pair.tokenizer, (part) => {
        for (let repetition = 0; repetition < analysis.seeds; repetition++)
          scope(() => {
            pictures.add(repetition, continued(pair, part, analysis, repetition), part);
          });
        bar.update(part.first + part.labels.length);
      });
      bar.stop();
      return pictures.figures(false);
    }),
  );
}

/** Figures of the images themselves, and of what the tokenizer keeps of them with all scales given: the ends between which continuations lie. */
export function boundFigures(
  analysis: ContinuationAnalysis,
): Record<'originals' | 'reconstructions', ContinuationFigures> {
  return kept(analysis.out, 'bounds', { what: 'bounds of continuations', ...shared(analysis) }, () =>
    withPair(analysis.subjects.all[0]!, ({ tokenizer }) => {
      const [originals, reconstructions] = [new Pictures(analysis), new Pictures(analysis)];
      noGrad(() => {
        eachPart(analysis, tokenizer, (part) => {
          originals.add(0, part.image_B3HW, part);
          reconstructions.add(
            0,
            picturesOf(tokenizer, part.targets, analysis.passes.scales).at(-1)!.clamp(-1, 1),
            part,
          );
        });
      });
      return { originals: originals.figures(true), reconstructions: reconstructions.figures(false) };
    }),
  );
}
