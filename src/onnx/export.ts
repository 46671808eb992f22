// A generator and its tokenizer as ONNX files with all that a sampler needs: generator.onnx, pyramid.onnx, decoder.onnx and sampler.json.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ScaleTransformer } from '../models/index.js';
import { type Scales, sizeOf, type Tokenizer } from '../tokenizers/index.js';
import { scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic, writeFolderAtomic } from '../util/files.js';
import { decoderGraph } from './decoderGraph.js';
import type { ModelDescription, SamplerDescription } from './description.js';
import { generatorGraph } from './generatorGraph.js';
import type { Graph } from './graph.js';
import { pyramidGraph } from './pyramidGraph.js';
import { describeScales } from './scaleInputs.js';
import { writeModel, type WrittenModel } from './write.js';

/** The name of the file that says how to sample. */
export const samplerFile = 'sampler.json';

/** What is exported. */
export interface ExportSubject {
  generator: ScaleTransformer;
  /** The one that the generator was trained on. */
  tokenizer: Tokenizer;
  /** Scales that are sampled. */
  scales: Scales;
  /** Names of the classes. */
  classes: readonly string[];
  /** Name of the model. */
  name: string;
  /** What it was trained on. */
  trainedOn: string;
}

/** How it is exported. */
export interface ExportOptions {
  /** Version of the program, for the files. */
  version: string;
  /** Replace an earlier export. */
  force?: boolean;
  /** Bytes of a model's weights that still go inside its file; by default about what Protocol Buffers can hold, 2 GB. */
  mostInside?: number | undefined;
}

/** What was written. */
export interface Exported {
  folder: string;
  description: SamplerDescription;
  models: WrittenModel[];
}

/** Refuses a folder with anything in it that an earlier export did not write; and that one's files too, unless they may be replaced. */
function checkFolder(folder: string, force: boolean): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new UsageError(`${folder}: expected a folder for the export, found a file; give another path`);
  const entries = explainIo(folder, () => readdirSync(folder));
  const other = entries.find((name) => name !== samplerFile && !/^(generator|pyramid|decoder)\.onnx(\.data)?$/.test(name)); // prettier-ignore
  if (other !== undefined)
    throw new UsageError(`${folder}: expected an empty folder, found ${other} in it; give a new folder`);
  if (entries.length && !force)
    throw new UsageError(`${folder}: it holds an export already; --force replaces it, or give a new folder`);
}

/** Moves an export into a folder that is there, and may be somebody's working directory; its description comes last, without which it is none. */
function moveInto(folder: string, from: string): void {
  explainIo(folder, () => {
    rmSync(join(folder, samplerFile), { force: true });
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    const names = readdirSync(from).filter((name) => name !== samplerFile);
    for (const name of [...names, samplerFile]) renameSync(join(from, name), join(folder, name));
    rmSync(from, { recursive: true });
  });
}

function modelDescription({ files, bytes }: WrittenModel): ModelDescription {
  const [file, data] = files as [string, string?];
  return { file, ...(data !== undefined && { data }), bytes };
}

/**
 * Writes the folder, whole or not at all. The scales are checked first.
 * @throws UsageError where the folder holds something else, or the generator does not know the scales
 */
export function exportOnnx(folder: string, subject: ExportSubject, options: ExportOptions): Exported {
  const { generator, tokenizer, scales } = subject;
  checkFolder(folder, options.force ?? false);
  scope(() => generator.positionTerm.of(scales, [0])); // refuses scales that the generator does not know
  const described = describeScales(generator, tokenizer, scales);
  const graphs: [generator: Graph, pyramid: Graph, decoder: Graph] = [
    generatorGraph(generator, scales),
    pyramidGraph(tokenizer),
    decoderGraph(tokenizer),
  ];
  const { version, mostInside } = options;
  let exported: Exported | undefined;
  const isThere = existsSync(folder);
  const whole = isThere ? `${resolve(folder)}.${randomBytes(4).toString('hex')}.new` : folder;
  writeFolderAtomic(whole, (place) => {
    const models = graphs.map((graph) => writeModel(join(place, `${graph.name}.onnx`), graph, version, mostInside));
    const description = describe(subject, described, models, version);
    writeFileAtomic(join(place, samplerFile), `${JSON.stringify(description)}\n`);
    exported = { folder, description, models };
  });
  if (isThere) moveInto(folder, whole);
  return exported!;
}

function describe(
  { generator, tokenizer, scales, classes, name, trainedOn }: ExportSubject,
  described: SamplerDescription['scales'],
  models: readonly WrittenModel[],
  version: string,
): SamplerDescription {
  const { depth, heads, width, vocabularySize, codeWidth } = generator.config;
  const last = sizeOf(scales.at(-1)!);
  const [generatorModel, pyramidModel, decoderModel] = models.map(modelDescription) as [
    ModelDescription, ModelDescription, ModelDescription,
  ]; // prettier-ignore
  const addsUp = tokenizer.family === 'var';
  return {
    format: 'scalewise-onnx',
    version: 1,
    scalewise: version,
    name,
    family: generator.family,
    classes: [...classes],
    trainedOn,
    vocabularySize,
    codeWidth,
    imageSize: [last[0] * tokenizer.stride, last[1] * tokenizer.stride],
    scales: described,
    generator: { ...generatorModel, depth, heads, headWidth: width / heads },
    pyramid: { ...pyramidModel, ...(addsUp && { sum: [codeWidth, ...last] }) },
    decoder: decoderModel,
  };
}
