// A data set of WebDataset shards.
import { basename } from 'node:path';
import { UsageError } from '../../util/errors.js';
import { progress } from '../../util/progress.js';
import type { Split } from '../folderLayout.js';
import { classify } from './labels.js';
import { shardNames } from './shardNames.js';
import type { ImageSource } from './source.js';
import { readShard, type Sample } from './tarShard.js';

const atOnce = 8;
const slowFrom = 16; // shards: more of them show their progress

async function readShards(name: string, shards: readonly string[]): Promise<Sample[][]> {
  const found: Sample[][] = [];
  let next = 0;
  let done = 0;
  const shown = shards.length < slowFrom ? undefined : progress({ label: name, total: shards.length, unit: 'shards' });
  const work = async () => {
    for (let i = next++; i < shards.length; i = next++) {
      found[i] = await readShard(shards[i]!);
      shown?.update(++done);
    }
  };
  const stop = (error: unknown) => {
    next = shards.length;
    return error;
  };
  const errors = await Promise.all(Array.from({ length: atOnce }, () => work().catch(stop)));
  shown?.stop();
  const error = errors.find((one) => one !== undefined);
  if (error !== undefined) throw error as Error;
  return found;
}

/**
 * Opens a split of tar shards: a folder of them, a pattern of paths or URLs, or one.
 * @throws UsageError where a shard is missing, damaged or cut off, or images lack labels.
 */
export async function openTarShards(name: string, split: Split): Promise<ImageSource> {
  const shards = shardNames(name, '.tar', split);
  const found = await readShards(name, shards);
  const places = found.flatMap((samples, shard) => samples.map((sample) => ({ ...sample, file: shards[shard]! })));
  if (!places.length) throw new UsageError(`${name}: the shards hold no images; see docs/data.md for what is read`);
  const nameOf = (index: number) => `${places[index]!.file}: '${places[index]!.key}'`;
  const raw = places.map(({ label }) => label);
  return {
    name,
    ...classify(name, raw, nameOf, { flatName: basename(name) }),
    nameOf,
    placeOf(index) {
      const { file, offset, size } = places[index]!;
      return { kind: 'range', file, offset, size };
    },
  };
}
