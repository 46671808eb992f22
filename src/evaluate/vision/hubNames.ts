// DINOv2's authors publish it under names of their own (`dinov2_vitl14_pretrain.pth` of torch.hub), with queries, keys and values in one tensor: the
// same network, read under Hugging Face's names.
import type { TensorsByName } from '../../nn/index.js';
import { keep, scope, type Tensor } from '../../torch/index.js';

const whole: readonly [authors: RegExp, published: string][] = [
  [/^cls_token$/, 'embeddings.cls_token'],
  [/^pos_embed$/, 'embeddings.position_embeddings'],
  [/^mask_token$/, 'embeddings.mask_token'],
  [/^patch_embed\.proj\./, 'embeddings.patch_embeddings.projection.'],
  [/^norm\./, 'layernorm.'],
];

const inLayer: readonly [authors: RegExp, published: string][] = [
  [/^attn\.proj\./, 'attention.output.dense.'],
  [/^ls([12])\.gamma$/, 'layer_scale$1.lambda1'],
  [/^mlp\.w12\./, 'mlp.weights_in.'],
  [/^mlp\.w3\./, 'mlp.weights_out.'],
];

const parts = ['query', 'key', 'value'];

/** A tensor of the authors' file, whole or one of the thirds of its first dimension. */
interface Place {
  name: string;
  third?: number;
}

const renamed = (name: string, table: readonly [RegExp, string][]): string =>
  table.reduce((found, [authors, published]) => (found === name ? name.replace(authors, published) : found), name);

/** The published names of one of the authors' tensors. */
function placesOf(name: string): [published: string, place: Place][] {
  const [, layer, inner] = /^blocks\.(\d+)\.(.*)$/.exec(name) ?? [];
  if (layer === undefined || inner === undefined) return [[renamed(name, whole), { name }]];
  const start = `encoder.layer.${layer}.`;
  const [, kind] = /^attn\.qkv\.(weight|bias)$/.exec(inner) ?? [];
  if (kind === undefined) return [[start + renamed(inner, inLayer), { name }]];
  return parts.map((part, third) => [`${start}attention.attention.${part}.${kind}`, { name, third }]);
}

/** Whether a state dict has the authors' names. DINOv3 has most of them too, but no position embeddings. */
export function hasHubNames(names: { keys(): Iterable<string> }): boolean {
  const all = new Set(names.keys());
  return ['patch_embed.proj.weight', 'pos_embed', 'blocks.0.ls1.gamma', 'blocks.0.attn.qkv.weight'].every((name) => all.has(name)); // prettier-ignore
}

/** The tensors of such a file under Hugging Face's names. */
export function underPublishedNames(file: TensorsByName): TensorsByName {
  const places = new Map(Array.from(file.shapes.keys()).flatMap(placesOf));
  const shapeOf = ({ name, third }: Place): readonly number[] => {
    const [first = 0, ...others] = file.shapes.get(name)!;
    return third === undefined ? file.shapes.get(name)! : [Math.floor(first / 3), ...others];
  };
  return {
    shapes: new Map(Array.from(places, ([published, place]) => [published, shapeOf(place)])),
    tensor: (published): Tensor => {
      const { name, third } = places.get(published)!;
      const read = file.tensor(name);
      if (third === undefined) return read;
      using all = read;
      return scope(() => keep(all.narrow(0, (third * all.size(0)) / 3, all.size(0) / 3).clone()));
    },
  };
}
