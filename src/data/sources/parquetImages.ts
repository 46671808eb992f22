// A data set of Parquet files as the Hugging Face hub serves them: a column of images (bytes and path), one of labels, class names in the metadata.
import { basename } from 'node:path';
import { parquetSchema } from 'hyparquet';
import { z } from 'zod';
import { UsageError } from '../../util/errors.js';
import type { Split } from '../folderLayout.js';
import { classify, labelFrom, type RawLabel } from './labels.js';
import { openParquet, type ParquetFile } from './parquetFile.js';
import { shardNames } from './shardNames.js';
import type { ImageSource } from './source.js';

const feature = z.looseObject({ _type: z.string().optional(), names: z.array(z.string()).optional() });
const hubMetadata = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });

/** What the hub's library wrote of the columns. */
function featuresOf({ metadata }: ParquetFile): Record<string, z.infer<typeof feature>> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const { features } = hubMetadata.parse(JSON.parse(text ?? '')).info;
    return Object.fromEntries(Object.entries(features).map(([name, one]) => [name, feature.safeParse(one).data ?? {}]));
  } catch {
    return {}; // none, or another library's
  }
}

const imageColumns = ['image', 'img', 'jpg', 'png'];
const labelColumns = ['label', 'labels', 'cls', 'class', 'fine_label'];

/** The columns to read, and the names of the classes where the file tells them. */
interface Columns {
  image: string;
  label: string | undefined;
  names: readonly string[] | undefined;
}

function columnsOf(file: ParquetFile): Columns {
  const features = featuresOf(file);
  const present = parquetSchema(file.metadata).children.map(({ element }) => element.name);
  const choose = (type: string, usual: readonly string[]) =>
    present.find((name) => features[name]?._type === type) ?? usual.find((name) => present.includes(name));
  const image = choose('Image', imageColumns);
  if (image === undefined)
    throw new UsageError(
      `${file.name}: no column of images among ${present.join(', ')}; expected one called ${imageColumns.join(', ')}`,
    );
  const label = choose('ClassLabel', labelColumns);
  return { image, label, names: label === undefined ? undefined : features[label]?.names };
}

function rawLabel(value: unknown): RawLabel {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  if (value instanceof Uint8Array) return labelFrom(Buffer.from(value).toString('utf8'));
  return typeof value === 'string' ? labelFrom(value) : undefined;
}

interface Part extends Columns {
  file: string;
  rows: number;
  labels: RawLabel[];
}

async function readPart(name: string): Promise<Part> {
  const file = await openParquet(name);
  try {
    const columns = columnsOf(file);
    const rows = Number(file.metadata.num_rows);
    const labels = columns.label === undefined ? [] : await file.read(columns.label, 0, rows);
    return { file: name, ...columns, rows, labels: Array.from({ length: rows }, (_, i) => rawLabel(labels[i])) };
  } finally {
    await file.close();
  }
}

/**
 * Opens a split of Parquet files: a folder of them, a pattern of paths or URLs, or one.
 * @throws UsageError where a file is missing or damaged, or images lack labels.
 */
export async function openParquetImages(name: string, split: Split): Promise<ImageSource> {
  const parts: Part[] = [];
  for (const shard of shardNames(name, '.parquet', split)) parts.push(await readPart(shard));
  const shardOf = Uint32Array.from(parts.flatMap(({ rows }, at) => Array<number>(rows).fill(at)));
  if (!shardOf.length) throw new UsageError(`${name}: the files have no rows; see docs/data.md for what is read`);
  const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, { rows }) => sum + rows, 0));
  const rowOf = (index: number) => {
    const at = shardOf[index]!;
    return { part: parts[at]!, row: index - starts[at]! };
  };
  const nameOf = (index: number) => `${rowOf(index).part.file}, row ${rowOf(index).row}`;
  const raw = parts.flatMap(({ labels }) => labels);
  return {
    name,
    ...classify(name, raw, nameOf, { flatName: basename(name), names: parts[0]!.names }),
    nameOf,
    placeOf(index) {
      const { part, row } = rowOf(index);
      return { kind: 'row', file: part.file, column: part.image, row };
    },
  };
}
