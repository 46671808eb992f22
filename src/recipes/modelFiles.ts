// Weights with what they are: every file carries its kind, family and configuration in its metadata, so a path is all that a command needs.
// A path may be a run folder (its newest checkpoint counts), a checkpoint, a folder with the file in it, or the file itself.
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ModelKind, openCheckpoint } from '../checkpoints/index.js';
import { cachedFile, findPublished } from '../hub/index.js';
import { generatorFamilies, type ScaleTransformer } from '../models/index.js';
import { type Module, saveWeights, storeLinear } from '../nn/index.js';
import { type Family, type FamilyEntry, type Tokenizer, tokenizerFamilies } from '../tokenizers/index.js';
import type { Tensor } from '../torch/index.js';
import { listCheckpoints, verifyCheckpoint } from '../train/index.js';
import { UsageError } from '../util/errors.js';

/** What a generator's file says besides its weights. */
export interface GeneratorCard {
  /** Scales it samples with. */
  scales: number[];
  /** Side of its images in pixels. */
  imageSize: number;
  /** Names of its classes. */
  classes: string[];
  /** The data it was trained on. */
  data: string;
  /** Fingerprint of the tokenizer whose codes it predicts; empty where it is not known. */
  tokenizer: string;
}

/** A generator with what its file says. */
export interface LoadedGenerator {
  generator: ScaleTransformer;
  card: GeneratorCard;
  /** The file. */
  path: string;
}

/** The file of a kind of weights behind a path, or behind a published name; throws a UsageError that says where was looked, or which checkpoint is damaged. */
export function findWeights(path: string, kind: ModelKind): string {
  if (!existsSync(path)) return findPulled(path, kind);
  if (statSync(path).isFile()) return path;
  const newest = listCheckpoints(join(path, 'checkpoints'))[0];
  const candidates = [path, ...(newest ? [newest] : [])].map((folder) => join(folder, `${kind}.safetensors`));
  const found = candidates.reverse().find((file) => existsSync(file));
  if (found) {
    if (existsSync(join(dirname(found), 'manifest.json'))) verifyCheckpoint(dirname(found), basename(found));
    return found;
  }
  throw new UsageError(
    `--${kind}: ${path} holds neither checkpoints nor a ${kind}.safetensors; give a run folder or a file`,
  );
}

/** The cached file of a published name. */
function findPulled(name: string, kind: ModelKind): string {
  const published = findPublished(name);
  if (!published) throw new UsageError(`--${kind}: there is no file or folder ${name}`);
  const found = cachedFile(name);
  if (found) return found;
  throw new UsageError(`--${kind}: ${name} has not been fetched yet; fetch it with \`scalewise pull ${name}\``);
}

/**
 * The tokenizer that belongs to a generator's file: in its folder, in the run's that the checkpoint or average belongs to, or the published one
 * of the family, beside it under its published name or in the cache.
 */
export function tokenizerBeside(generatorFile: string, family: Family): string {
  const folder = dirname(generatorFile);
  const published = findPublished(`${family}-tokenizer`)!;
  const found =
    [folder, dirname(folder), dirname(dirname(folder))]
      .map((place) => join(place, 'tokenizer.safetensors'))
      .concat(join(folder, basename(published.path)))
      .find((file) => existsSync(file)) ?? cachedFile(published.name);
  if (found) return found;
  throw new UsageError(
    `${generatorFile}: there is no tokenizer.safetensors beside it; give one with --tokenizer, or fetch the published one with \`scalewise pull ${published.name}\``,
  );
}

/** A hash of a tokenizer's codes: generators keep it, since with other codes their tokens would mean something else. */
export function fingerprint(tokenizer: Tokenizer): string {
  return createHash('sha256').update(tokenizer.codebook.embedding.weight_VD.bytes()).digest('hex').slice(0, 16);
}

/** A short hash of weights: other weights, another mark. */
export function markOf(weights: Iterable<Tensor>): string {
  const hash = createHash('sha256');
  for (const one of weights) hash.update(one.bytes());
  return hash.digest('hex').slice(0, 16);
}

/** How a generator's linear layers, nearly all of it, lie in memory. */
export type StoredWeights = 'float32' | 'bfloat16';

/** Makes the model that a file holds, of whichever family, with the file's weights, on a device and in evaluation mode. */
function read<Model extends Module>(
  file: string,
  kind: ModelKind,
  families: Record<Family, FamilyEntry<Model>>,
  device: string,
  weights: StoredWeights = 'float32',
): { model: Model; metadata: Readonly<Record<string, string>> } {
  using checkpoint = openCheckpoint(file, { kind });
  const { family, config } = checkpoint.what;
  const model = families[family].make(config);
  if (weights === 'bfloat16') storeLinear(model, weights);
  model.loadStateDict(checkpoint.weights(), file, families[family].buffers);
  model.to({ device });
  model.eval();
  return { model, metadata: checkpoint.file.metadata };
}

function parse(file: string, name: string, text: string): GeneratorCard {
  try {
    return JSON.parse(text) as GeneratorCard;
  } catch {
    throw new UsageError(
      `${file}: its metadata should hold a '${name}' as JSON, and does not; was it written by another program?`,
    );
  }
}

/** Metadata of a tokenizer's file. */
export function tokenizerMetadata(tokenizer: Tokenizer): Record<string, string> {
  return { kind: 'tokenizer', family: tokenizer.family, config: JSON.stringify(tokenizer.config) };
}

/** Metadata of a generator's file. */
export function generatorMetadata(generator: ScaleTransformer, card: GeneratorCard): Record<string, string> {
  const config = JSON.stringify(generator.config);
  return { kind: 'generator', family: generator.family, config, card: JSON.stringify(card) };
}

/** Reads a tokenizer, in evaluation mode and without gradients. */
export function loadTokenizer(path: string, device = 'cpu'): Tokenizer {
  const { model } = read(findWeights(path, 'tokenizer'), 'tokenizer', tokenizerFamilies, device);
  model.to({ memoryFormat: 'channelsLast' }); // in which convolutions take less time, on CPUs too
  model.requireGrad(false);
  return model;
}

/**
 * Reads a generator, in evaluation mode.
 * @param weights `bfloat16` for half the memory, to sample and not to train: nothing is ever held in float32
 */
export function loadGenerator(path: string, device = 'cpu', weights: StoredWeights = 'float32'): LoadedGenerator {
  const file = findWeights(path, 'generator');
  const { model, metadata } = read(file, 'generator', generatorFamilies, device, weights);
  const written = metadata['card'];
  const card = written === undefined ? cardOf(model) : parse(file, 'card', written);
  return { generator: model, card, path: file };
}

/** What is taken for granted of a generator whose file says nothing: that it is as the published ones, trained on ImageNet's numbered classes. */
function cardOf({ family, config }: ScaleTransformer): GeneratorCard {
  const scales = [...generatorFamilies[family].scalesOf(config)];
  const classes = Array.from({ length: config.classes }, (_, i) => String(i));
  return { scales, imageSize: 16 * scales.at(-1)!, classes, data: 'imagenet', tokenizer: '' };
}

/** Refuses a tokenizer that a generator was not trained on. */
export function checkTogether({ generator, card, path }: LoadedGenerator, tokenizer: Tokenizer): void {
  const sizes = ({ vocabularySize, codeWidth }: Pick<Tokenizer, 'vocabularySize' | 'codeWidth'>) =>
    `${vocabularySize} codes of width ${codeWidth}`;
  if (generator.family !== tokenizer.family)
    throw new UsageError(
      `${path}: expected a tokenizer of the family ${generator.family}, found one of ${tokenizer.family}; give the one it was trained on`,
    );
  const [expected, found] = [sizes(generator.config), sizes(tokenizer)];
  if (expected !== found)
    throw new UsageError(
      `${path}: expected a tokenizer of ${expected}, found one of ${found}; give the one it was trained on`,
    );
  if (card.tokenizer && card.tokenizer !== fingerprint(tokenizer))
    throw new UsageError(
      `${path}: the tokenizer has other codes than the one it was trained on; give that one with --tokenizer`,
    );
}

/** A generator and its tokenizer, checked to belong together. */
export interface Models extends LoadedGenerator {
  tokenizer: Tokenizer;
  tokenizerPath: string;
}

/** Loads a generator and the tokenizer given, or else the one beside it. */
export function loadModels(
  generatorPath: string,
  tokenizerPath: string | undefined,
  device = 'cpu',
  weights: StoredWeights = 'float32',
): Models {
  const loaded = loadGenerator(generatorPath, device, weights);
  const found =
    tokenizerPath === undefined
      ? tokenizerBeside(loaded.path, loaded.generator.family)
      : findWeights(tokenizerPath, 'tokenizer');
  const tokenizer = loadTokenizer(found, device);
  checkTogether(loaded, tokenizer);
  const { card } = loaded;
  if (!card.tokenizer) card.imageSize = card.scales.at(-1)! * tokenizer.stride; // nothing but the tokenizer says it
  return { ...loaded, tokenizer, tokenizerPath: found };
}

/** Writes a tokenizer's weights. */
export function saveTokenizer(path: string, tokenizer: Tokenizer): void {
  saveWeights(path, tokenizer.stateDict(), tokenizerMetadata(tokenizer));
}

/** Writes a generator's weights. */
export function saveGenerator(path: string, generator: ScaleTransformer, card: GeneratorCard): void {
  saveWeights(path, generator.stateDict(), generatorMetadata(generator, card));
}

/** A short name of a model for pictures and reports: its run folder's, or its file's. */
export function modelName(path: string): string {
  return basename(path).replace(/\.(safetensors|pth)$/, '');
}
