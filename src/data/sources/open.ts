// Which kind of source a name means.
import { UsageError } from '../../util/errors.js';
import type { Split } from '../folderLayout.js';
import { isUrl } from './byteFile.js';
import { isImageList, listedImages } from './folderImages.js';
import { openParquetImages } from './parquetImages.js';
import { hasShards } from './shardNames.js';
import type { ImageSource } from './source.js';
import { openTarShards } from './tarShards.js';

/**
 * Opens tar shards, Parquet files or a list of images; undefined where the name means none of them.
 * @throws UsageError where they cannot be read; see each.
 */
export async function openSource(name: string, split: Split): Promise<ImageSource | undefined> {
  if (hasShards(name, '.tar')) return openTarShards(name, split);
  if (hasShards(name, '.parquet')) return openParquetImages(name, split);
  if (isImageList(name)) return listedImages(name);
  if (isUrl(name)) throw new UsageError(`${name}: expected the address of .tar or .parquet files; see docs/data.md`);
  return undefined;
}
