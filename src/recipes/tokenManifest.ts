// The manifest of a folder of stored tokens: what was encoded and how, and the size and SHA-256 of every shard.
// A shard `tokens-00000.safetensors` holds `tokens` [images, readings, tokens] and `labels` [images], both uint16.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { tokenCount } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { readingCount } from './readings.js';

const count = z.int().positive();

/** What was encoded, and how. */
export const tokenSettings = z.strictObject({
  /** Of the weights that make indices (`encodingFingerprint`). */
  tokenizer: z.string(),
  /** Whether any choice of the scales is served, or only one of the lists as a whole: a scale's residual depends on those before it. */
  independent: z.boolean(),
  /** Sides of the scales: one list where they are independent, else every list that is wanted. */
  lists: z.array(z.array(count).min(1)).min(1),
  data: z.string(),
  classes: z.array(z.string()).min(1),
  images: count,
  imageSize: count,
  flip: z.boolean(),
  crops: z.strictObject({ count, seed: z.int().min(0) }).optional(),
  precision: z.enum(['float32', 'bfloat16']),
});
export type TokenSettings = z.output<typeof tokenSettings>;

const tokenShard = z.strictObject({ images: count, bytes: count, sha256: z.string() });
export type TokenShard = z.output<typeof tokenShard>;

const tokenManifest = z.strictObject({
  format: z.literal('scalewise tokens 1'),
  dtype: z.literal('uint16'),
  settings: tokenSettings,
  /** Images of a full shard. */
  shardImages: count,
  /** By file name. One may have fewer images than it should where encoding was stopped. */
  shards: z.record(z.string(), tokenShard),
});
export type TokenManifest = z.output<typeof tokenManifest>;

/** Tokens of one reading of an image: all lists after another. */
export function rowTokens({ lists }: TokenSettings): number {
  return lists.reduce((sum, scales) => sum + tokenCount(scales), 0);
}

/** Tokens of one image, all its readings together. */
export function imageTokens(settings: TokenSettings): number {
  return readingCount(settings) * rowTokens(settings);
}

/** Name of the shard of a number. */
export const shardName = (shard: number): string => `tokens-${String(shard).padStart(5, '0')}.safetensors`;

/** Images that a shard holds when it is full: the last may be smaller. */
export function shardSize({ settings, shardImages }: TokenManifest, shard: number): number {
  return Math.min(shardImages, settings.images - shard * shardImages);
}

/** Shards of the whole store. */
export function shardCount({ settings, shardImages }: TokenManifest): number {
  return Math.ceil(settings.images / shardImages);
}

const pathOf = (folder: string) => join(folder, 'manifest.json');

/** Reads a manifest; undefined where there is none. @throws UsageError where it is damaged, or no manifest of tokens. */
export function readTokenManifest(folder: string): TokenManifest | undefined {
  const path = pathOf(folder);
  if (!existsSync(path)) return undefined;
  const text = explainIo(path, () => readFileSync(path, 'utf8'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // no JSON: told below
  }
  const parsed = tokenManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${path}: it is no manifest of stored tokens, or a damaged one; choose another folder`);
}

export function writeTokenManifest(folder: string, manifest: TokenManifest): void {
  writeFileAtomic(pathOf(folder), `${JSON.stringify(manifest, null, 1)}\n`);
}

/** What is wrong with the size of a shard's file; undefined where nothing is. */
export function sizeFault(folder: string, name: string, { bytes }: TokenShard): string | undefined {
  const path = join(folder, name);
  const found = existsSync(path) ? statSync(path).size : undefined;
  if (found === bytes) return undefined;
  return found === undefined ? `${name} is missing` : `${name} should have ${bytes} bytes, has ${found}`;
}
