// How far a generator's predictions drift when it is fed with its own instead of the truth, scale by scale: the error's growth (SAR, section 3).
// Legend: B images, N tokens of a scale, V codes, D features.
import { imageCount } from '../../data/index.js';
import { frechetDistanceOf, statisticsOf } from '../../evaluate/index.js';
import type { Pair } from '../../recipes/index.js';
import { noGrad, scope, type Tensor, tensor } from '../../torch/index.js';
import { progress } from '../../util/progress.js';
import { eachPart, type FeatureAnalysis, samplingOf, settingsOf, truthOf } from './common.js';
import { joinRows } from './heldOut.js';
import { kept } from './kept.js';
import { look } from './look.js';
import { type Choice, choices, ownPass, type Pass, teacherPass } from './passes.js';
import { picturesOfPass } from './scalePictures.js';
import { affordsJackknife, jackknife, type Spread, spreadOfFigures, spreadOfImages } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** What a scale is fed with. */
export const feeds = ['teacher', 'own'] as const;
export type Feed = (typeof feeds)[number];
/** What is fed, and how tokens are chosen. */
export type Variant = `${Feed}-${Choice}`;
export const variants: readonly Variant[] = choices.flatMap((choice) => feeds.map((feed) => `${feed}-${choice}` as const)); // prettier-ignore

/** Figures that every image has. */
const imageFigures = ['accuracy', 'agreement', 'divergence', 'entropy', 'distance'] as const;
type ImageFigure = (typeof imageFigures)[number];

/**
 * Figures of one scale: share of tokens that are the true ones; share that are the teacher's; KL divergence of the distribution from the teacher's, and
 * its entropy, in nats a token; distance of features between the decoded picture and that of the true tokens, of images and (Fréchet) of all of them.
 */
export type ScaleFigures = Readonly<Record<ImageFigure | 'frechet', Spread>>;

/** Figures of a generator by variant, one a scale. */
export type Divergence = Readonly<Record<Variant, readonly ScaleFigures[]>>;

/** KL divergence [B] of a scale's distributions from the teacher's, in nats, the mean over tokens: KL(teacher ‖ own), of logits [B, N, V]. */
export function divergenceOf(teacher_BNV: Tensor, own_BNV: Tensor): Tensor {
  return scope(() => {
    const [teacher, own] = [teacher_BNV.logSoftmax(-1), own_BNV.logSoftmax(-1)];
    return teacher.exp().mul(teacher.sub(own)).sum([-1]).mean([1]);
  });
}

/** Entropy [B] of a scale's distributions in nats, the mean over tokens, of logits [B, N, V]. */
export function entropyOf(logits_BNV: Tensor): Tensor {
  return scope(() => {
    const log_BNV = logits_BNV.logSoftmax(-1);
    return log_BNV.exp().mul(log_BNV).sum([-1]).neg().mean([1]);
  });
}

/** Share [B] of equal tokens. */
const shareEqual = (a_BN: Tensor, b_BN: Tensor): Tensor => a_BN.eq(b_BN).to('float32').mean([1]);

/** What has been measured of one variant, seed and scale. */
interface Tally extends Record<ImageFigure, number[]> {
  features: Float32Array[];
}

const emptyTally = (): Tally => ({
  accuracy: [],
  agreement: [],
  divergence: [],
  entropy: [],
  distance: [],
  features: [],
});

/** Fréchet distance of the pictures' features from the true ones', with its jackknife where it can be afforded. */
function frechetOf(
  found: readonly Float32Array[],
  truth: readonly Float32Array[],
  count: number,
): { value: number; error?: number } {
  return scope(() => {
    const [found_ND, truth_ND] = [found, truth].map((parts) => joinRows(parts, count)) as [Tensor, Tensor];
    const distance = (items: readonly number[]) =>
      scope(() => {
        const index = tensor([...items], { dtype: 'int64' });
        return frechetDistanceOf(
          statisticsOf(truth_ND.indexSelect(0, index)),
          statisticsOf(found_ND.indexSelect(0, index)),
        );
      });
    const all = Array.from({ length: count }, (_, i) => i);
    return affordsJackknife(found_ND.size(1)) && count >= 20 ? jackknife(count, distance) : { value: distance(all) };
  });
}

class Measurement {
  /** Features of the true tokens' pictures, by scale. */
  readonly #truth: Float32Array[][];
  /** `[variant][seed][scale]` */
  readonly #tallies: Record<Variant, Tally[][]>;

  constructor(readonly analysis: FeatureAnalysis) {
    const { seeds, passes } = analysis;
    this.#truth = passes.scales.map(() => []);
    const of = (choice: Choice) => Array.from({ length: choice === 'sample' ? seeds : 1 }, () => passes.scales.map(emptyTally)); // prettier-ignore
    this.#tallies = { 'teacher-argmax': of('argmax'), 'own-argmax': of('argmax'), 'teacher-sample': of('sample'), 'own-sample': of('sample') }; // prettier-ignore
  }

  /** Features [B, D] of the pictures of every scale. */
  #look(pair: Pair, pass: Pick<Pass, 'fed' | 'tokens'>): Tensor[] {
    const { network, passes } = this.analysis;
    return scope(() => picturesOfPass(pair.tokenizer, pass, passes.scales).map((one) => look(network, one).features_BD)); // prettier-ignore
  }

  add(pair: Pair): void {
    const { analysis } = this;
    const bar = progress({ label: 'divergence', total: imageCount(analysis.images), unit: 'images' });
    try {
      eachPart(analysis, pair.tokenizer, (part) => {
        const { targets } = part;
        const truth = this.#look(pair, { fed: targets, tokens: targets });
        truth.forEach((one, i) => void this.#truth[i]!.push(one.data()));
        for (const choice of choices) {
          const repetitions = this.#tallies[`own-${choice}`].length;
          for (let repetition = 0; repetition < repetitions; repetition++)
            scope(() => {
              const here = truthOf(part, analysis, repetition);
              const teacher = teacherPass(pair, here, choice, analysis.passes);
              const own = ownPass(pair, here, choice, analysis.passes);
              this.#take(`teacher-${choice}`, repetition, teacher, teacher, targets, truth, this.#look(pair, teacher));
              this.#take(`own-${choice}`, repetition, own, teacher, targets, truth, this.#look(pair, own));
            });
        }
        bar.update(part.first + part.labels.length);
      });
    } finally {
      bar.stop();
    }
  }

  #take(
    variant: Variant,
    repetition: number,
    pass: Pass,
    teacher: Pass,
    targets: readonly Tensor[],
    truth: readonly Tensor[],
    features: readonly Tensor[],
  ): void {
    this.#tallies[variant][repetition]!.forEach((tally, i) => {
      tally.accuracy.push(...shareEqual(pass.tokens[i]!, targets[i]!).toArray());
      tally.agreement.push(...shareEqual(pass.tokens[i]!, teacher.tokens[i]!).toArray());
      tally.divergence.push(...divergenceOf(teacher.logits[i]!, pass.logits[i]!).toArray());
      tally.entropy.push(...entropyOf(pass.logits[i]!).toArray());
      tally.distance.push(...features[i]!.sub(truth[i]!).linalgVectorNorm(2, [1]).toArray());
      tally.features.push(features[i]!.data());
    });
  }

  figures(): Divergence {
    const count = imageCount(this.analysis.images);
    const ofScale = (tallies: readonly Tally[][], scale: number): ScaleFigures => {
      const each = imageFigures.map((name) => [name, spreadOfImages(tallies.map((scales) => scales[scale]![name]))]);
      const distances = tallies.map((scales) => frechetOf(scales[scale]!.features, this.#truth[scale]!, count));
      return { ...Object.fromEntries(each), frechet: spreadOfFigures(distances) } as ScaleFigures;
    };
    const figures = {} as Record<Variant, ScaleFigures[]>;
    for (const variant of variants)
      figures[variant] = this.analysis.passes.scales.map((_, scale) => ofScale(this.#tallies[variant], scale));
    return figures;
  }
}

/** Figures of a generator over all images of the analysis; measured once. */
export function divergenceFigures(subject: Subject, analysis: FeatureAnalysis): Divergence {
  const settings = { what: 'divergence', figures: imageFigures, weights: subject.weights, network: analysis.network.sha256, ...settingsOf(analysis), ...samplingOf(analysis) }; // prettier-ignore
  return kept(analysis.out, `divergence-${subject.role}`, settings, () =>
    withPair(subject, (pair) => {
      const measurement = new Measurement(analysis);
      noGrad(() => {
        measurement.add(pair);
      });
      return measurement.figures();
    }),
  );
}
