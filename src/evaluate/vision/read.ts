// Which vision transformer a file of weights holds, told from its tensors; sizes that they do not show come from the config.json beside it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type OpenWeights, openWeights, type TensorsByName } from '../../nn/index.js';
import type { Tensor } from '../../torch/index.js';
import { explainIo } from '../../util/files.js';
import { UsageError } from '../../util/errors.js';
import { ClipImageTower } from './clip.js';
import { DinoV2 } from './dinoV2.js';
import { hasHubNames, underPublishedNames } from './hubNames.js';
import type { Activation } from './layers.js';

/** A network for features, its weights loaded. */
export interface VisionNetwork {
  /** e.g. `DINOv2 large`, `CLIP ViT-B/32`. */
  name: string;
  kind: VisionKind;
  /** Features [B, D], float32, of images [B, 3, H, W] of bytes (uint8) of any size on the network's device, without gradients. */
  features(bytes_B3HW: Tensor): Tensor;
  dispose(): void;
}

export type VisionKind = 'dinov2' | 'clip';

interface Names {
  keys(): Iterable<string>;
}

const marks: Record<VisionKind, string> = {
  dinov2: 'embeddings.patch_embeddings.projection.weight',
  clip: 'vision_model.embeddings.patch_embedding.weight',
};

/** What a state dict's tensors are called before the published names, where a model around it adds something. */
function prefixOf(names: Names, kind: VisionKind): string | undefined {
  for (const name of names.keys()) if (name === marks[kind] || name.endsWith(`.${marks[kind]}`)) return name.slice(0, -marks[kind].length); // prettier-ignore
  return undefined;
}

/** Which network's state dict these names are, or undefined. A ViT of another kind has DINOv2's patches, but not its factors of branches. */
export function visionKind(names: Names): VisionKind | undefined {
  if (prefixOf(names, 'clip') !== undefined) return 'clip';
  if (hasHubNames(names)) return 'dinov2';
  const scaled = Array.from(names.keys()).some((name) => name.endsWith('.layer_scale1.lambda1'));
  return scaled && prefixOf(names, 'dinov2') !== undefined ? 'dinov2' : undefined;
}

/** The tensors of the network among a file's: below a prefix, and chosen by name. */
function part(file: OpenWeights, prefix: string, isOwn: (name: string) => boolean): TensorsByName {
  const own = Array.from(file.shapes).flatMap(([name, shape]): [string, readonly number[]][] => {
    const inner = name.slice(prefix.length);
    return name.startsWith(prefix) && isOwn(inner) ? [[inner, shape]] : [];
  });
  return { shapes: new Map(own), tensor: (name) => file.tensor(prefix + name) };
}

/** What config.json says that tensors do not show. */
interface Configuration {
  num_attention_heads?: unknown;
  hidden_act?: unknown;
}

/** The part about images of the config.json in the file's folder. */
function configurationBeside(path: string): Configuration | undefined {
  const config = join(dirname(path), 'config.json');
  if (!existsSync(config)) return undefined;
  try {
    const whole = JSON.parse(explainIo(config, () => readFileSync(config, 'utf8'))) as
      ({ vision_config?: Configuration } & Configuration) | null;
    return whole?.vision_config ?? whole ?? undefined;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${config}: expected JSON, as it is published with the weights; fetch it again`, { cause: error }); // prettier-ignore
  }
}

/** Heads as configured; of 64 numbers each without a configuration, as DINOv2's and OpenAI's networks have. */
function headsOf(width: number, configuration: Configuration | undefined, path: string): number {
  const heads = configuration?.num_attention_heads ?? width / 64;
  if (typeof heads === 'number' && Number.isInteger(heads) && heads > 0 && width % heads === 0) return heads;
  throw new UsageError(`${path}: expected heads that divide a width of ${width}, found ${JSON.stringify(heads)}; put the config.json that is published with the weights beside them`); // prettier-ignore
}

/** What the tensors of a transformer show. */
function shown({ shapes }: TensorsByName, layer: RegExp, path: string) {
  const shape = (name: string): readonly number[] => {
    const found = shapes.get(name);
    if (found) return found;
    throw new UsageError(`${path}: expected a tensor '${name}', found none; is the file complete?`);
  };
  const layers = new Set(Array.from(shapes.keys(), (name) => layer.exec(name)?.[1]).filter((i) => i !== undefined));
  return { shape, layers: layers.size };
}

const gridOf = (positions: number): number => Math.floor(Math.sqrt(positions - 1));

function readDinoV2(file: OpenWeights): { network: DinoV2; name: string } {
  const tensors = hasHubNames(file.shapes) ? underPublishedNames(file) : part(file, prefixOf(file.shapes, 'dinov2')!, (name) => /^(embeddings|encoder|layernorm)\./.test(name)); // prettier-ignore
  const { shape, layers } = shown(tensors, /^encoder\.layer\.(\d+)\./, file.path);
  const [width = 0, , patch = 0] = shape('embeddings.patch_embeddings.projection.weight');
  const gated = tensors.shapes.has('encoder.layer.0.mlp.weights_out.weight');
  const hidden = shape(gated ? 'encoder.layer.0.mlp.weights_out.weight' : 'encoder.layer.0.mlp.fc2.weight')[1]!;
  const network = new DinoV2({
    width, patch, layers, hidden,
    heads: headsOf(width, configurationBeside(file.path), file.path),
    grid: gridOf(shape('embeddings.position_embeddings')[1]!),
    activation: gated ? 'gated' : 'gelu',
  }); // prettier-ignore
  network.loadStateDict(tensors, file.path, /^embeddings\.mask_token$/);
  const size = { 384: 'small', 768: 'base', 1024: 'large', 1536: 'giant' }[width];
  return { network, name: `DINOv2 ${size ?? `of width ${width}`}` };
}

/** The activation that is configured; OpenAI's without a configuration, where the width is one of theirs. */
function clipActivation(width: number, configuration: Configuration | undefined, path: string): Activation {
  const activation = configuration ? (configuration.hidden_act ?? 'quick_gelu') : 'quick_gelu';
  if (activation !== 'quick_gelu' && activation !== 'gelu')
    throw new UsageError(`${path}: expected the activation quick_gelu or gelu in the config.json beside it, found ${JSON.stringify(activation)}; take another CLIP`); // prettier-ignore
  if (!configuration && width !== 768 && width !== 1024)
    throw new UsageError(`${path}: its CLIP of width ${width} is none of OpenAI's, so the tensors do not tell its heads and activation; put the config.json that is published with it beside it`); // prettier-ignore
  return activation;
}

function readClip(file: OpenWeights): { network: ClipImageTower; name: string } {
  const isOwn = (name: string) => /^(vision_model|visual_projection)\./.test(name);
  const tensors = part(file, prefixOf(file.shapes, 'clip')!, isOwn);
  const { shape, layers } = shown(tensors, /^vision_model\.encoder\.layers\.(\d+)\./, file.path);
  const [width = 0, , patch = 0] = shape(marks.clip);
  const configuration = configurationBeside(file.path);
  const grid = gridOf(shape('vision_model.embeddings.position_embedding.weight')[0]!);
  const network = new ClipImageTower({
    width, patch, layers, grid,
    activation: clipActivation(width, configuration, file.path),
    heads: headsOf(width, configuration, file.path),
    hidden: shape('vision_model.encoder.layers.0.mlp.fc1.weight')[0]!,
    embedding: shape('visual_projection.weight')[0]!,
  }); // prettier-ignore
  network.loadStateDict(tensors, file.path, /\.position_ids$/);
  const size = { 768: 'B', 1024: 'L', 1280: 'H', 1664: 'bigG' }[width] ?? String(width);
  const side = grid * patch === 224 ? '' : ` at ${grid * patch} px`;
  return { network, name: `CLIP ViT-${size}/${patch}${side}` };
}

/**
 * Reads DINOv2 (`Dinov2Model` of Hugging Face, or its authors' file) or the image tower of CLIP (`CLIPModel`, `CLIPVisionModelWithProjection`) for inference. Heads and
 * activation are those of the config.json in the same folder; without one, those of the published DINOv2s and of OpenAI's CLIPs.
 * @throws UsageError where the file holds neither, or lacks something
 */
export function loadVision(path: string, device = 'cpu'): VisionNetwork {
  using file = openWeights(path);
  const kind = visionKind(file.shapes);
  if (kind === undefined)
    throw new UsageError(`${path}: expected a DINOv2 or the image tower of a CLIP, found neither; take the model.safetensors of one on the Hugging Face hub`); // prettier-ignore
  const { network, name } = kind === 'clip' ? readClip(file) : readDinoV2(file);
  network.requireGrad(false).eval().to({ device });
  return {
    name,
    kind,
    features: (bytes_B3HW) => network.features(bytes_B3HW),
    dispose: () => { network.dispose(); },
  }; // prettier-ignore
}
