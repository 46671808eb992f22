// The loss of tokenizer training: at every scale of the pyramid the quantised latent, decoded, against the image resized alike.
// Legend: B batch, C code width, h and w latent sides, H and W image sides, n side of a decoded picture.
import type { Classifier } from '../evaluate/index.js';
import { areaResize, inFloat32 } from '../nn/index.js';
import type { FlexVarTokenizer, Quantised, Scales } from '../tokenizers/index.js';
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
  /** Those of them that are decoded at this step; the last scale among them. */
  decoded: Scales;
  weights: TokenizerLossWeights;
  /** Judges perceptual distance. */
  classifier?: Classifier | undefined;
  /** What the discriminator charges for pictures [B, 3, H, W]; absent while it takes no part. */
  adversarial?: ((fake_B3HW: Tensor) => Tensor) | undefined;
}

/** The losses and what training looks at besides them. */
export interface TokenizerLosses extends Losses {
  /** Indices [B, N] of every scale. */
  indices: Tensor[];
  latent_BChw: Tensor;
  /** The decoded last scale [B, 3, H, W], without gradient. */
  reconstruction_B3HW: Tensor;
}

/** Smallest side that the classifier's three strided layers take. */
const smallestJudged = 16;

const mean = (terms: readonly Tensor[]): Tensor => ops.stack(terms).mean();

function quantiseAt(tokenizer: FlexVarTokenizer, latent_BChw: Tensor, side: number): Quantised {
  return inFloat32(latent_BChw.device, () => tokenizer.codebook.quantise(areaResize(latent_BChw.to('float32'), side)));
}

/** Mean squared distance in the layers of a classifier. */
function perceptualDistance(classifier: Classifier, decoded_B3nn: Tensor, target_B3nn: Tensor): Tensor {
  const targets = noGrad(() => classifier.layers(target_B3nn));
  const layers = classifier.layers(decoded_B3nn);
  return mean(layers.map((layer, i) => ops.mseLoss(layer.to('float32'), targets[i]!.to('float32'))));
}

/** The loss of one batch of images [B, 3, H, W] in [−1, 1]: the mean over scales of every term, weighted and added up. */
export function tokenizerLosses(
  tokenizer: FlexVarTokenizer,
  image_B3HW: Tensor,
  { scales, decoded, weights, classifier, adversarial }: TokenizerLossOptions,
): TokenizerLosses {
  const latent_BChw = tokenizer.encode(image_B3HW);
  const quantised = scales.map((side) => quantiseAt(tokenizer, latent_BChw, side));
  const pictures = decoded.map((side) => ({
    target: areaResize(image_B3HW, side * tokenizer.stride),
    picture: tokenizer.decodeCodes(quantised[scales.indexOf(side)]!.codes_BChw).to('float32'),
  }));
  const terms: [name: keyof TokenizerLossWeights, value: () => Tensor][] = [
    ['l1', () => mean(pictures.map(({ picture, target }) => ops.l1Loss(picture, target)))],
    ['l2', () => mean(pictures.map(({ picture, target }) => ops.mseLoss(picture, target)))],
    ['codebook', () => mean(quantised.map((one) => one.codebookLoss))],
    ['commitment', () => mean(quantised.map((one) => one.commitmentLoss))],
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
    indices: quantised.map((one) => one.indices_BN),
    latent_BChw: latent_BChw.detach(),
    reconstruction_B3HW: last_B3HW.detach(),
  };
}
