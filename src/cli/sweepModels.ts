// The models of a sweep: each is loaded once to check it and to tell it by its weights, and again when its turn comes.
import { basename, dirname } from 'node:path';
import { hashOf, type SweepModel, type SweptGuidance } from '../experiments/index.js';
import { canvasSize, type GeneratorCard, modelName } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { sha256File } from '../util/files.js';
import { prepareSampling, refuseOtherSize, type SamplingFlags } from './samplingOptions.js';

/** A model with what its file says. */
export interface SweptModel extends SweepModel {
  card: GeneratorCard;
}

/** Names of models by which they can be told apart: of equal ones, as much of the path as it takes. */
export function namesOf(paths: readonly string[]): string[] {
  const names = paths.map(modelName);
  const above = paths.map((path) => dirname(path));
  for (let level = 0; new Set(names).size < names.length && level < 8; level++) {
    const taken = [...names];
    paths.forEach((_, i) => {
      if (taken.filter((name) => name === taken[i]).length > 1) names[i] = `${basename(above[i]!)}/${names[i]!}`;
      above[i] = dirname(above[i]!);
    });
  }
  return names;
}

/** Loads a model; sentences about `--generator` are about an argument here. */
function prepare(path: string, flags: SamplingFlags): ReturnType<typeof prepareSampling> {
  try {
    return prepareSampling({ ...flags, generator: path });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(/^--generator:/, 'sweep:'), { cause: error });
  }
}

function loadOne(path: string, name: string, flags: SamplingFlags): SweptModel {
  const { models, settings } = prepare(path, flags);
  try {
    refuseOtherSize('sweep', models, settings);
    const { tokenizer, precision, weights } = flags;
    const loading = {
      ...(tokenizer !== undefined && { tokenizer }),
      ...(precision !== 'auto' && { precision }),
      ...(weights !== 'float32' && { weights }),
    };
    const held = weights === 'float32' ? [] : [weights];
    const fingerprint = hashOf(sha256File(models.path), sha256File(models.tokenizerPath), ...held);
    const open = () => prepareSampling({ ...flags, generator: models.path, tokenizer: models.tokenizerPath }).models;
    const guidance = settings.guidance as SweptGuidance;
    const size = canvasSize(models.tokenizer, settings.scales);
    const classes = models.card.classes.length;
    return {
      name,
      path,
      loading,
      fingerprint,
      classes,
      size,
      settings: { ...settings, guidance },
      open,
      card: models.card,
    };
  } finally {
    models.generator.dispose();
    models.tokenizer.dispose();
  }
}

/** Refuses what cannot be compared with the first model: other classes, another size. */
function checkComparable(first: SweptModel, other: SweptModel): void {
  const [a, b] = [first.card, other.card];
  const expected = (what: string, one: string | number, found: string | number) =>
    new UsageError(`${other.path}: expected ${what} of ${first.path} (${one}), found ${found}; sweep them apart`);
  if (a.classes.join() !== b.classes.join()) throw expected('the classes', a.classes.join(', '), b.classes.join(', '));
  if (a.imageSize !== b.imageSize) throw expected('the image size', a.imageSize, b.imageSize);
}

/**
 * The models of some paths, with the flags that they all sample by.
 * @throws UsageError where one is missing, is there twice, or cannot be compared with the first
 */
export function sweptModels(paths: readonly string[], flags: SamplingFlags): SweptModel[] {
  const names = namesOf(paths);
  const models = paths.map((path, i) => loadOne(path, names[i]!, flags));
  for (const [i, model] of models.entries()) {
    const twin = models.slice(0, i).find(({ fingerprint }) => fingerprint === model.fingerprint);
    if (twin) throw new UsageError(`${model.path}: expected each model once, found the weights of ${twin.path} again; leave one of them`); // prettier-ignore
    checkComparable(models[0]!, model);
  }
  return models;
}
