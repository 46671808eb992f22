// How unevenly scales are supervised: what a scale adds, and how much of it its input tells already (SAR, section 3: scale-wise learning imbalance).
// Legend: B images, N tokens of a scale, V codes.
import { imageCount, toBytes } from '../../data/index.js';
import { psnr } from '../../evaluate/index.js';
import type { Pair } from '../../recipes/index.js';
import { scope, type Tensor } from '../../torch/index.js';
import { progress } from '../../util/progress.js';
import { permutation, seedFor } from '../../util/random.js';
import { tokensOf } from '../../tokenizers/index.js';
import { type Analysis, eachPart, settingsOf, truthOf } from './common.js';
import { conditionalEntropyOf, type Entropy, entropyOf, parentPlaces } from './information.js';
import { kept } from './kept.js';
import { fedLogits } from './passes.js';
import { imagePyramid, latentPyramid, type PyramidScale } from './pyramids.js';
import { enlarge, pictureSize } from './scalePictures.js';
import { jackknife, type Spread, spreadOfFigures, spreadOfImages } from './spread.js';
import { type Subject, withPair } from './subjects.js';

/** What the tokenizer alone settles of one scale; entropies in bits a token. */
export interface ScaleSupply {
  tokens: number;
  /** Empirical entropy of the tokens, as counted and corrected. */
  entropy: Readonly<Record<keyof Entropy, Spread>>;
  /** The same given the token of the scale before at the same place; absent at the first scale. */
  conditional?: Readonly<Record<keyof Entropy, Spread>>;
  /** As `conditional` (as counted), with the scale before taken of other images: what remains is place, and bias. */
  shuffled?: Spread;
  /** Share of tokens that repeat the token of the scale before at the same place. */
  repeated?: Spread;
  /** Share of tokens that are the code nearest to their input: found by copying (FlexVAR); in latent space and in image space. */
  copied?: Spread;
  copiedInImageSpace?: Spread;
  /** PSNR in dB of what the scale decodes to, enlarged to the image's size bilinearly; in both spaces. */
  psnr: Spread;
  psnrInImageSpace: Spread;
}

/** Repetitions of the shuffled control. */
const shuffles = 3;

interface Tally {
  tokens: number[][];
  repeated: number[];
  copied: number[];
  copiedInImageSpace: number[];
  psnr: number[];
  psnrInImageSpace: number[];
}

const shareEqual = (a_BN: Tensor, b_BN: Tensor): number[] =>
  scope(() => a_BN.eq(b_BN).to('float32').mean([1]).toArray());

/** A tensor's rows as arrays. */
function rowsOf(indices_BN: Tensor): number[][] {
  const [B, N] = indices_BN.shape as [number, number];
  const all = indices_BN.toArray();
  return Array.from({ length: B }, (_, i) => all.slice(i * N, (i + 1) * N));
}

class Supply {
  readonly #tallies: Tally[];

  constructor(readonly analysis: Analysis) {
    this.#tallies = analysis.passes.scales.map(() => ({ tokens: [], repeated: [], copied: [], copiedInImageSpace: [], psnr: [], psnrInImageSpace: [] })); // prettier-ignore
  }

  add(pair: Pair): void {
    const { analysis } = this;
    const { scales } = analysis.passes;
    const { tokenizer } = pair;
    const bar = progress({ label: 'tokens of scales', total: imageCount(analysis.images), unit: 'images' });
    try {
      eachPart(analysis, tokenizer, ({ first, image_B3HW, targets }) => {
        const original = toBytes(image_B3HW);
        const size = pictureSize(tokenizer, scales);
        const quality = ({ target_B3hw }: PyramidScale) => psnr(toBytes(enlarge(target_B3hw, size)), original);
        const [latent, image] = [
          latentPyramid(tokenizer, targets, scales),
          imagePyramid(tokenizer, image_B3HW, scales),
        ];
        this.#tallies.forEach((tally, i) => {
          const rows = rowsOf(targets[i]!);
          if (i > 0) {
            const places = parentPlaces(scales[i - 1]!, scales[i]!);
            const above = this.#tallies[i - 1]!.tokens.slice(first);
            tally.repeated.push(...rows.map((row, b) => row.filter((token, at) => token === above[b]![places[at]!]).length / row.length)); // prettier-ignore
          }
          tally.tokens.push(...rows);
          tally.psnr.push(...quality(latent[i]!));
          tally.psnrInImageSpace.push(...quality(image[i]!));
          const { copied_BN } = latent[i]!;
          if (copied_BN) tally.copied.push(...shareEqual(copied_BN, targets[i]!));
          const { copied_BN: copiedInImage_BN, target_BN } = image[i]!;
          if (copiedInImage_BN) tally.copiedInImageSpace.push(...shareEqual(copiedInImage_BN, target_BN));
        });
        bar.update(first + targets[0]!.size(0));
      });
    } finally {
      bar.stop();
    }
  }

  /** An entropy over all images, with its jackknife over images. */
  #entropy(count: number, of: (items: readonly number[]) => Entropy): Readonly<Record<keyof Entropy, Spread>> {
    const spread = (key: keyof Entropy) => spreadOfFigures([jackknife(count, (items) => of(items)[key])]);
    return { plugIn: spread('plugIn'), millerMadow: spread('millerMadow') };
  }

  #conditionals(i: number, codes: number): Pick<ScaleSupply, 'conditional' | 'shuffled'> {
    const { scales } = this.analysis.passes;
    const [children, parents] = [this.#tallies[i]!.tokens, this.#tallies[i - 1]!.tokens];
    const places = parentPlaces(scales[i - 1]!, scales[i]!);
    const count = children.length;
    const given = (items: readonly number[], partner: (image: number) => number) =>
      conditionalEntropyOf(
        items.flatMap((image) => children[image]!),
        items.flatMap((image) => places.map((place) => parents[partner(image)]![place]!)),
        codes,
      );
    const orders = Array.from({ length: shuffles }, (_, k) => permutation(count, seedFor(this.analysis.seed, 'shuffled images', k))); // prettier-ignore
    const all = Array.from({ length: count }, (_, image) => image);
    return {
      conditional: this.#entropy(count, (items) => given(items, (image) => image)),
      shuffled: spreadOfFigures(orders.map((order) => ({ value: given(all, order).plugIn }))),
    };
  }

  figures(codes: number): ScaleSupply[] {
    return this.#tallies.map(({ tokens, ...shares }, i) => {
      const spread = (values: readonly number[]) => (values.length ? spreadOfImages([values]) : undefined);
      const optional = (['repeated', 'copied', 'copiedInImageSpace'] as const).flatMap((key) => {
        const found = spread(shares[key]);
        return found ? [[key, found] as const] : [];
      });
      return {
        tokens: tokensOf(this.analysis.passes.scales[i]!),
        entropy: this.#entropy(tokens.length, (items) => entropyOf(items.flatMap((image) => tokens[image]!))),
        ...(i > 0 && this.#conditionals(i, codes)),
        ...Object.fromEntries(optional),
        psnr: spread(shares.psnr)!,
        psnrInImageSpace: spread(shares.psnrInImageSpace)!,
      };
    });
  }
}

/** What the tokenizer settles, by scale; measured once. */
export function supplyOf(analysis: Analysis): readonly ScaleSupply[] {
  return kept(analysis.out, 'tokenizer', { what: 'supply of scales', ...settingsOf(analysis) }, () =>
    withPair(analysis.subjects.all[0]!, (pair) => {
      const supply = new Supply(analysis);
      supply.add(pair);
      return supply.figures(pair.tokenizer.vocabularySize);
    }),
  );
}

/** Bits a token [B] that a scale costs a generator under teacher forcing: cross-entropy of logits [B, N, V] against the true tokens [B, N]. */
export function bitsOf(logits_BNV: Tensor, target_BN: Tensor): Tensor {
  return scope(() => logits_BNV.logSoftmax(-1).gather(-1, target_BN.unsqueeze(-1)).squeeze(-1).mean([1]).mul(-Math.LOG2E)); // prettier-ignore
}

/** Bits a token by scale that a generator needs for the images, without guidance; measured once. */
export function costOf(subject: Subject, analysis: Analysis): readonly Spread[] {
  const passes = { ...analysis.passes, cfg: 0 };
  return kept(
    analysis.out,
    `bits-${subject.role}`,
    { what: 'bits of scales', weights: subject.weights, ...settingsOf(analysis) },
    () =>
      withPair(subject, (pair) => {
        const bits: number[][] = passes.scales.map(() => []);
        eachPart(analysis, pair.tokenizer, (part) => {
          const logits = fedLogits(pair, truthOf(part, analysis, 0), part.targets, passes);
          logits.forEach((one, i) => void bits[i]!.push(...bitsOf(one, part.targets[i]!).toArray()));
        });
        return bits.map((values) => spreadOfImages([values]));
      }),
  );
}
