// The loss of tokenizer training: the quantised latent, decoded, against the image resized alike, at every scale that stands for an image.
// Legend: B batch, C code width, h and w latent sides, H and W image sides, n side of a decoded picture, P rows.
import type { Classifier } from '../evaluate/index.js';
import { areaResize } from '../nn/index.js';
import { sameScale, type Scales, sizeOf, type Tokenizer, type TrainingPyramid } from '../tokenizers/index.js';
import type { Losses } from '../train/index.js';
import { noGrad, ops, type Tensor } from '../torch/index.js';

/** Weights of the terms; a term of weight 0 is not computed. */
export interface TokenizerLossWeights {
  l1: number;
  l2: number;
  codebook: number;
  commitment: number;
  perceptual: number;
  adversarial: number;
}

/** What a step compares, and with whose help. */
export interface TokenizerLossOptions {
  /** The scales of the pyramid: all are quantised. */
  scales: Scales;
  /** Those of them that are decoded at this step, where they stand for images; the last scale among them. */
  decoded: Scales;
  weights: TokenizerLossWeights;
  /** Judges perceptual distance. */
  classifier?: Classifier | undefined;
  /** What the discriminator charges for pictures [B, 3, H, W]; absent while it takes no part. */
  adversarial?: ((fake_B3HW: Tensor) => Tensor) | undefined;
}

/** The losses and what training looks at besides them. */
export interface TokenizerLosses extends Losses {
  /** The images that were given [B, 3, H, W]. */
  image_B3HW: Tensor;
  /** Indices [B, N] of every scale. */
  indices: Tensor[];
  /** Rows that the codebook was asked about [B, P, C]. */
  rows_BPC: Tensor;
  /** The decoded last scale [B, 3, H, W], without gradient. */
  reconstruction_B3HW: Tensor;
}

/** Smallest side that the classifier's three strided layers take. */
const smallestJudged = 16;

const mean = (terms: readonly Tensor[]): Tensor => ops.stack(terms).mean();

/** Mean squared distance in the layers of a classifier. */
function perceptualDistance(classifier: Classifier, decoded_B3nn: Tensor, target_B3nn: Tensor): Tensor {
  const targets = noGrad(() => classifier.layers(target_B3nn));
  const layers = classifier.layers(decoded_B3nn);
  return mean(layers.map((layer, i) => ops.mseLoss(layer.to('float32'), targets[i]!.to('float32'))));
}

/** Encodes and quantises images [B, 3, H, W]; where every scale has a latent of its own, the losses are means over scales as they are elsewhere. */
function quantiseImages(tokenizer: Tokenizer, image_B3HW: Tensor, scales: Scales): TrainingPyramid {
  const parts = tokenizer
    .views(image_B3HW, scales)
    .map((view) => tokenizer.quantiseToTrain(tokenizer.encode(view.image_B3HW), view.scales));
  if (parts.length === 1) return parts[0]!;
  return {
    indices: parts.flatMap(({ indices }) => indices),
    codebookLoss: mean(parts.map(({ codebookLoss }) => codebookLoss)),
    commitmentLoss: mean(parts.map(({ commitmentLoss }) => commitmentLoss)),
    decodable: parts.flatMap(({ decodable }) => decodable),
    rows_BPC: ops.cat(parts.map(({ rows_BPC }) => rows_BPC), 1), // prettier-ignore
  };
}

/** The loss of one batch of images [B, 3, H, W] in [−1, 1]: the mean over scales of every term, weighted and added up. */
export function tokenizerLosses(
  tokenizer: Tokenizer,
  image_B3HW: Tensor,
  { scales, decoded, weights, classifier, adversarial }: TokenizerLossOptions,
): TokenizerLosses {
  const quantised = quantiseImages(tokenizer, image_B3HW, scales);
  const wanted = quantised.decodable.filter(({ scale }) => decoded.some((one) => sameScale(one, scale)));
  const pictures = wanted.map(({ scale, codes_BChw }) => {
    const [height, width] = sizeOf(scale);
    return {
      target: areaResize(image_B3HW, [height * tokenizer.stride, width * tokenizer.stride]),
      picture: tokenizer.decodeCodes(codes_BChw).to('float32'),
    };
  });
  const terms: [name: keyof TokenizerLossWeights, value: () => Tensor][] = [
    ['l1', () => mean(pictures.map(({ picture, target }) => ops.l1Loss(picture, target)))],
    ['l2', () => mean(pictures.map(({ picture, target }) => ops.mseLoss(picture, target)))],
    ['codebook', () => quantised.codebookLoss],
    ['commitment', () => quantised.commitmentLoss],
  ];
  if (classifier) {
    const judged = pictures.filter(({ picture }) => picture.size(2) >= smallestJudged);
    const distances = () => judged.map(({ picture, target }) => perceptualDistance(classifier, picture, target));
    terms.push(['perceptual', () => mean(distances())]);
  }
  const last_B3HW = pictures.at(-1)!.picture;
  if (adversarial) terms.push(['adversarial', () => adversarial(last_B3HW)]);
  const parts: Record<string, Tensor> = {};
  const weighted = terms
    .filter(([name]) => weights[name] > 0)
    .map(([name, value]) => (parts[`loss_${name}`] = value()).mul(weights[name]));
  return {
    loss: weighted.reduce((sum, one) => sum.add(one)),
    parts,
    image_B3HW,
    indices: quantised.indices,
    rows_BPC: quantised.rows_BPC,
    reconstruction_B3HW: last_B3HW.detach(),
  };
}
