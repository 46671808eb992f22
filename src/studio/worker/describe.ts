// What a worker tells of a model.
import { resolve } from 'node:path';
import { modelName } from '../../recipes/index.js';
import { publishedScales, stretchScales } from '../../models/index.js';
import { sameScale, type Scales, sizeOf, type Tokenizer } from '../../tokenizers/index.js';
import type { ModelDetails } from '../api/index.js';
import { stampOf } from '../fileStamp.js';
import type { Described, ModelSource } from './messages.js';
import { marksOf, type ModelShelf } from './modelShelf.js';

const sameList = (a: Scales, b: Scales) => a.length === b.length && a.every((scale, i) => sameScale(scale, b[i]!));

/** Lists of scales to choose from: the model's own; where it takes any, FlexVAR's published ones at its size, and larger and wider canvases. */
export function schedulesOf(own: Scales, any: boolean): Record<string, Scales> {
  const lists: [string, Scales][] = [['own', own]];
  const add = (name: string, scales: Scales) => {
    if (!lists.some(([used, one]) => used === name || sameList(one, scales))) lists.push([name, scales]);
  };
  if (any) {
    const [height, width] = sizeOf(own.at(-1)!);
    for (const [count, scales] of Object.entries(publishedScales)) {
      if (Number(count) > 14) continue; // those make another size
      const list = stretchScales(scales, [height, width]);
      add(`${list.length} scales`, list);
    }
    const half = (side: number) => Math.round(side * 1.5);
    add('larger', stretchScales(own, [half(height), half(width)]));
    add('wide', stretchScales(own, [height, half(width)]));
    add('tall', stretchScales(own, [half(height), width]));
  }
  return Object.fromEntries(lists);
}

function mixes(tokenizer: Tokenizer, scales: Scales): boolean {
  using pyramid = tokenizer.pyramid(scales);
  return pyramid.pushCodes !== undefined;
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** @throws UsageError where it cannot be loaded */
export function describe(shelf: ModelShelf, source: ModelSource): Described {
  const { generator, tokenizer, card, path, tokenizerPath } = shelf.take(source);
  const { family, config } = generator;
  const any = family === 'flexvar';
  const [height, width] = sizeOf(card.scales.at(-1)!);
  const details: ModelDetails = {
    family,
    classes: card.classes,
    scales: card.scales,
    imageSize: [height * tokenizer.stride, width * tokenizer.stride],
    stride: tokenizer.stride,
    vocabularySize: config.vocabularySize,
    schedules: schedulesOf(card.scales, any) as ModelDetails['schedules'],
    anyScales: any,
    canSmooth: mixes(tokenizer, card.scales),
    defaults: { cfg: 2, guidance: 'ramp', topK: 0, topP: 0, temperature: 1, smooth: false },
    ramp: { steps: finite(generator.habits.rampSteps), fullAbove: finite(generator.habits.rampSide) },
    parameters: generator.parameterCount(),
    source: modelName(source.generator),
    data: card.data,
  };
  const files = { generator: resolve(path), tokenizer: resolve(tokenizerPath) };
  const stamps = { generator: stampOf(files.generator)!, tokenizer: stampOf(files.tokenizer)! };
  const marks = marksOf({ generator, tokenizer });
  return {
    source: { ...files, seen: { name: details.source, ...stamps, marks } },
    details,
    created: Math.floor(stamps.generator.written / 1000),
    marks,
  };
}
