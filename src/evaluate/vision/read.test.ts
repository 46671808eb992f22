// Which files of vision transformers are taken, on formula weights of small sizes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fillByFormula, visionRange } from '../../../test/formulaWeights.js';
import { formulaBytes } from '../../../test/networkRecord.js';
import { sentenceOf } from '../../../test/sentence.js';
import { type Module, saveWeights } from '../../nn/index.js';
import { ops, scope, type Tensor, zeros } from '../../torch/index.js';
import { ClipImageTower } from './clip.js';
import { DinoV2 } from './dinoV2.js';
import { loadVision, visionKind } from './read.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-vision-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const transformer = { layers: 2, hidden: 96 };
const dino = () => filled(new DinoV2({ ...transformer, width: 384, heads: 6, patch: 28, grid: 10, activation: 'gelu' })); // prettier-ignore
const clip = (width: number, activation: 'gelu' | 'quick_gelu', heads: number) =>
  filled(new ClipImageTower({ ...transformer, width, heads, patch: 32, grid: 7, activation, embedding: 24 }));

function filled<T extends Module>(network: T): T {
  fillByFormula(network.requireGrad(false), 5, visionRange);
  return network;
}

/** A folder as on the hub: the weights, and a config.json where there is one. */
function folderOf(name: string, tensors: ReadonlyMap<string, Tensor>, config?: string): string {
  mkdirSync(join(root, name));
  const path = join(root, name, 'model.safetensors');
  saveWeights(path, tensors);
  if (config !== undefined) writeFileSync(join(root, name, 'config.json'), config);
  return path;
}

/** Loads the file and compares its features with those of the network that was saved. */
function expectSame(path: string, network: DinoV2 | ClipImageTower): string {
  const loaded = loadVision(path);
  scope(() => {
    const bytes = formulaBytes(2, 40, 56);
    expect(loaded.features(bytes).toArray()).toEqual(network.features(bytes).toArray());
  });
  loaded.dispose();
  network.dispose();
  return loaded.name;
}

const under = (prefix: string, state: ReadonlyMap<string, Tensor>) => Array.from(state, ([name, one]): [string, Tensor] => [prefix + name, one]); // prettier-ignore

test('DINOv2, bare and below a classifier', () => {
  const bare = dino();
  const state = new Map(bare.stateDict()).set('embeddings.mask_token', zeros([1, 384]));
  expect(expectSame(folderOf('dino', state), bare)).toBe('DINOv2 small');
  const inner = dino();
  const whole = new Map(under('dinov2.', inner.stateDict())).set('classifier.weight', zeros([10, 768]));
  expect(expectSame(folderOf('dinoClassifier', whole, '{"num_attention_heads": 6}'), inner)).toBe('DINOv2 small');
});

/** A state dict as DINOv2's authors name its tensors. */
function authorsNames(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const names = { 'embeddings.cls_token': 'cls_token', 'embeddings.position_embeddings': 'pos_embed', 'embeddings.patch_embeddings.projection': 'patch_embed.proj', layernorm: 'norm', 'encoder.layer': 'blocks', 'attention.output.dense': 'attn.proj', 'layer_scale1.lambda1': 'ls1.gamma', 'layer_scale2.lambda1': 'ls2.gamma', 'mlp.weights_in': 'mlp.w12', 'mlp.weights_out': 'mlp.w3' }; // prettier-ignore
  const rename = (name: string) => Object.entries(names).reduce((found, [from, to]) => found.replace(from, to), name);
  const found = new Map<string, Tensor>();
  for (const [name, one] of state) {
    const [, layer, part, kind] = /^encoder\.layer\.(\d+)\.attention\.attention\.(\w+)\.(\w+)$/.exec(name) ?? [];
    if (part === undefined) found.set(rename(name), one);
    else if (part === 'query') {
      const all = ['query', 'key', 'value'].map((third) => state.get(name.replace('query', third))!);
      found.set(`blocks.${layer}.attn.qkv.${kind}`, ops.cat(all, 0));
    }
  }
  return found;
}

test('DINOv2 as its authors publish it', () => {
  const gated = filled(new DinoV2({ ...transformer, width: 128, heads: 2, patch: 28, grid: 10, activation: 'gated' }));
  for (const [name, network] of [['authors', dino()], ['authorsGiant', gated]] as const) {
    const state = authorsNames(network.stateDict()).set('mask_token', zeros([1, 384]));
    expect([state.has('blocks.1.ls2.gamma'), state.has('norm.bias')]).toEqual([true, true]);
    expect(expectSame(folderOf(name, state), network)).toMatch(/^DINOv2 (small|of width 128)$/);
  }
}); // prettier-ignore

test('CLIP: its image tower among other tensors; heads and activation as configured', () => {
  const openAi = clip(768, 'quick_gelu', 12);
  const whole = new Map(openAi.stateDict());
  whole.set('text_model.final_layer_norm.weight', zeros([512])).set('logit_scale', zeros([]));
  whole.set('vision_model.embeddings.position_ids', zeros([1, 50], { dtype: 'int64' }));
  expect(expectSame(folderOf('clip', whole), openAi)).toBe('CLIP ViT-B/32');
  const other = clip(64, 'gelu', 16);
  const config = '{"model_type": "clip", "vision_config": {"hidden_act": "gelu", "num_attention_heads": 16}}';
  expect(expectSame(folderOf('configured', other.stateDict(), config), other)).toBe('CLIP ViT-64/32');
});

test('what is refused', () => {
  const other = clip(64, 'gelu', 16);
  const state = other.stateDict();
  const refused = (...args: Parameters<typeof folderOf>) => sentenceOf(() => loadVision(folderOf(...args)));
  expect(refused('unknown', state)).toContain('put the config.json that is published with it beside it');
  expect(refused('broken', state, '{')).toMatch(/config\.json: expected JSON/);
  expect(refused('relu', state, '{"hidden_act": "relu"}')).toContain('found "relu"');
  expect(refused('heads', state, '{"hidden_act": "gelu", "num_attention_heads": 7}')).toContain('heads that divide a width of 64, found 7'); // prettier-ignore
  const config = '{"hidden_act": "gelu", "num_attention_heads": 16}';
  const without = (name: string) => new Map(Array.from(state).filter(([one]) => one !== name));
  expect(refused('noProjection', without('visual_projection.weight'), config)).toContain("expected a tensor 'visual_projection.weight', found none"); // prettier-ignore
  const missing = 'vision_model.encoder.layers.1.mlp.fc2.bias';
  expect(refused('torn', without(missing), config)).toContain(`expected a tensor '${missing}', found none`);
  expect(refused('other', new Map([['weight', zeros([2])]]))).toContain('expected a DINOv2 or the image tower of a CLIP, found neither'); // prettier-ignore
  const plain = Array.from(dino().stateDict().keys()).filter((name) => !name.includes('layer_scale'));
  expect(visionKind({ keys: () => plain })).toBeUndefined(); // a ViT of another kind
  other.dispose();
});
