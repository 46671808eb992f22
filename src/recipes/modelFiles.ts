// Weights with what they are: every file carries its kind, family and configuration in its metadata, so a path is all that a command needs.
// A path may be a run folder (its newest checkpoint counts), a checkpoint, a folder with the file in it, or the file itself.
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { generatorFamilies, type ScaleTransformer } from '../models/index.js';
import { loadWeights, type Module, saveWeights } from '../nn/index.js';
import { type Family, type FamilyEntry, isFamily, type Tokenizer, tokenizerFamilies } from '../tokenizers/index.js';
import { listCheckpoints } from '../train/index.js';
import { UsageError } from '../util/errors.js';

/** What a file of weights holds. */
export type ModelKind = 'tokenizer' | 'generator';

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
  /** Fingerprint of the tokenizer whose codes it predicts. */
  tokenizer: string;
}

/** A generator with what its file says. */
export interface LoadedGenerator {
  generator: ScaleTransformer;
  card: GeneratorCard;
  /** The file. */
  path: string;
}

/** The file of a kind of weights behind a path; throws a UsageError that says where was looked. */
export function findWeights(path: string, kind: ModelKind): string {
  if (!existsSync(path)) throw new UsageError(`--${kind}: there is no file or folder ${path}`);
  if (statSync(path).isFile()) return path;
  const newest = listCheckpoints(join(path, 'checkpoints'))[0];
  const candidates = [path, ...(newest ? [newest] : [])].map((folder) => join(folder, `${kind}.safetensors`));
  const found = candidates.reverse().find((file) => existsSync(file));
  if (found) return found;
  throw new UsageError(
    `--${kind}: ${path} holds neither checkpoints nor a ${kind}.safetensors; give a run folder or a file`,
  );
}

/** The tokenizer that lies beside a generator's file: in its folder, or in the run's that the checkpoint belongs to. */
export function tokenizerBeside(generatorFile: string): string {
  const folder = dirname(generatorFile);
  const places = [folder, dirname(dirname(folder))].map((place) => join(place, 'tokenizer.safetensors'));
  const found = places.find((file) => existsSync(file));
  if (found) return found;
  throw new UsageError(`${generatorFile}: there is no tokenizer.safetensors beside it; give one with --tokenizer`);
}

/** A hash of a tokenizer's codes: generators keep it, since with other codes their tokens would mean something else. */
export function fingerprint(tokenizer: Tokenizer): string {
  return createHash('sha256').update(tokenizer.codebook.embedding.weight_VD.bytes()).digest('hex').slice(0, 16);
}

/** Makes the model that a file holds, of whichever family, with the file's weights. */
function read<Model extends Module>(
  file: string,
  kind: ModelKind,
  families: Record<Family, FamilyEntry<Model>>,
): { model: Model; metadata: Record<string, string> } {
  const { metadata, tensors } = loadWeights(file);
  try {
    const { family } = metadata;
    if (metadata['kind'] !== kind || !isFamily(family)) {
      const found = metadata['kind'] ? `a ${family ?? ''} ${metadata['kind']}` : 'a file without a description';
      throw new UsageError(`${file}: expected the weights of a ${kind}, found ${found}`);
    }
    const { config, make, buffers } = families[family];
    const model = make(parse(file, 'config', metadata['config'], config));
    model.loadStateDict(tensors, file, buffers);
    return { model, metadata };
  } finally {
    for (const one of tensors.values()) one.dispose();
  }
}

function parse<T>(file: string, name: string, text: string | undefined, schema: { parse(value: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(text ?? 'null'));
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
  const { model } = read(findWeights(path, 'tokenizer'), 'tokenizer', tokenizerFamilies);
  model.to({ device });
  model.requireGrad(false).eval();
  return model;
}

/** Reads a generator, in evaluation mode. */
export function loadGenerator(path: string, device = 'cpu'): LoadedGenerator {
  const file = findWeights(path, 'generator');
  const { model, metadata } = read(file, 'generator', generatorFamilies);
  model.to({ device });
  model.eval();
  const card = parse(file, 'card', metadata['card'], { parse: (value) => value as GeneratorCard });
  return { generator: model, card, path: file };
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
  if (card.tokenizer !== fingerprint(tokenizer))
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
export function loadModels(generatorPath: string, tokenizerPath: string | undefined, device = 'cpu'): Models {
  const loaded = loadGenerator(generatorPath, device);
  const found = tokenizerPath === undefined ? tokenizerBeside(loaded.path) : findWeights(tokenizerPath, 'tokenizer');
  const tokenizer = loadTokenizer(found, device);
  checkTogether(loaded, tokenizer);
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
  return basename(path).replace(/\.safetensors$/, '');
}
