// A batch: images of equal settings, of one request or several, sampled in step, scale by scale. Each is computed by itself, so none depends on
// which others are there; one that is not wanted any more stops at the next scale, and the others go on.
import { setImmediate } from 'node:timers/promises';
import { type Cell, cellPng, cellsOf } from '../../evaluate/index.js';
import { type Models, pasteBack, type SamplingSettings } from '../../recipes/index.js';
import {
  type GivenTokens,
  givenFromImage,
  type Guidance,
  guidanceWeights,
  type Label,
  sample,
  type ScaleRecord,
} from '../../sampling/index.js';
import { toImages } from '../../data/index.js';
import { keep, scope, type Tensor, tensor } from '../../torch/index.js';
import { entropyBits } from './entropy.js';
import type { Batch, BatchSettings, CanvasEdit, Member, ScaleMade } from './messages.js';
import type { ModelShelf } from './modelShelf.js';

/** What the sampler is asked for. */
export function settingsOf(
  { scales, sampling }: BatchSettings,
  device: string,
): SamplingSettings & { guidance: Guidance } {
  const { cfg, guidance, topK, topP, temperature, greedy, smooth } = sampling;
  return {
    scales,
    guidance: typeof guidance === 'string' ? { shape: guidance, scale: cfg } : { shape: 'list', weights: guidance },
    topK,
    topP,
    temperature,
    ...(greedy !== undefined && { greedyScales: greedy }),
    ...(smooth && { smooth }),
    device,
    precision: 'float32',
    independent: true,
  };
}

/** The tokens that an edit gives [1, N] by scale; they live until they are disposed of. */
function givenOf({ tokenizer }: Models, { canvas }: CanvasEdit, { scales, device }: SamplingSettings): GivenTokens[] {
  const { height, width, pixels, keep: stays } = canvas;
  return scope(() => {
    const image_13HW = toImages(tensor(pixels, { shape: [1, 3, height, width] })).to({ device });
    const keep_HW = tensor(Float32Array.from(stays), { shape: [height, width] }).to({ device });
    const given = givenFromImage(tokenizer, image_13HW, scales, keep_HW);
    // copies: parts of larger tensors would go with them
    const own = (one: Tensor) => keep(one.clone());
    return given.map(({ indices_BN, kept_BN }) => ({ indices_BN: own(indices_BN), kept_BN: kept_BN && own(kept_BN) }));
  });
}

/** One image in the middle of sampling. */
interface Going extends Member {
  records: Generator<ScaleRecord>;
}

/** A scale that was drawn. */
interface Advanced {
  made: ScaleMade;
  cell: Cell | undefined;
}

/** Draws the next scale of an image: what is to be said of it, but for its picture, and the picture. */
function advance({ member, records, frames }: Going, last: number, weights: readonly number[]): Advanced {
  return scope(() => {
    const { value: record } = records.next() as IteratorResult<ScaleRecord, undefined>;
    if (!record) throw new Error('internal: an image without a last scale');
    const { index, scale } = record;
    const made: ScaleMade = {
      type: 'scale',
      member,
      index,
      scale: scale as ScaleMade['scale'],
      weight: weights[index]!,
      tokens: Uint32Array.from(record.indices_BN.toArray()),
      entropy: entropyBits(record.logits_BNV),
    };
    return { made, cell: frames || index === last ? cellsOf(record.image())[0] : undefined };
  });
}

/** The same with its picture, on which an edit's own pixels are put back at the last scale, where that is asked for. */
async function pictured({ made, cell }: Advanced, edit: CanvasEdit | undefined, last: number): Promise<ScaleMade> {
  if (!cell) return made;
  const pasted = edit?.feather !== undefined && made.index === last ? pasteBack(cell, edit.canvas, edit.feather) : cell;
  return { ...made, png: await cellPng(pasted) };
}

/**
 * Samples a batch.
 * @param isDropped whether an image is not wanted any more
 * @param say told of every scale of every image
 * @throws UsageError where the model cannot be loaded, or cannot follow the settings
 */
export async function runBatch(
  shelf: ModelShelf,
  { settings: wanted, members }: Batch,
  isDropped: (member: number) => boolean,
  say: (made: ScaleMade) => void,
): Promise<void> {
  const models = shelf.take(wanted.source);
  const { generator, tokenizer } = models;
  const settings = settingsOf(wanted, shelf.settings.device);
  const weights = guidanceWeights(settings.guidance, settings.scales, generator.habits);
  const { edit } = wanted;
  const given = edit && givenOf(models, edit, settings);
  const begin = ({ label, seed }: Member) => {
    const labels: Label[] = [label ?? generator.nullClass];
    return sample(generator, tokenizer, { ...settings, labels, seeds: [seed], ...(given && { given }) });
  };
  const last = settings.scales.length - 1;
  const going = new Set<Going>(members.map((member) => ({ ...member, records: begin(member) })));
  try {
    while (going.size)
      for (const one of going) {
        await setImmediate(); // lets messages and finalisers in
        const next = isDropped(one.member) ? undefined : advance(one, last, weights);
        if (next) say(await pictured(next, edit, last));
        if (next && next.made.index < last) continue;
        one.records.return(undefined);
        going.delete(one);
      }
  } finally {
    for (const { records } of going) records.return(undefined);
    for (const one of given ?? []) for (const held of [one.indices_BN, one.kept_BN]) held?.dispose();
  }
}
