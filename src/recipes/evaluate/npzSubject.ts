// Images of an `.npz`: `arr_0`, uint8 [N, H, W, 3], as ADM's evaluator reads them, streamed in file order.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Span } from '../../data/index.js';
import { NpzFile } from '../../formats/index.js';
import { keep, scope, tensor, type Tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { explainIo, sha256File } from '../../util/files.js';
import { batchesOf, type Subject, type SubjectBatch } from './subject.js';

const array = 'arr_0';

/** The shape of a file's images. @throws UsageError where it has none, or other numbers */
export function imageShape(path: string, file: NpzFile): [count: number, height: number, width: number] {
  const header = file.arrays.get(array);
  if (!header)
    throw new UsageError(`${path}: expected images (${array}, uint8 [N, H, W, 3]), found ${[...file.arrays.keys()].join(', ')}`); // prettier-ignore
  const { type, shape } = header;
  if (type !== '|u1')
    throw new UsageError(`${path}: expected '${array}' of bytes (|u1), found ${type}; save the images as uint8 from 0 to 255`); // prettier-ignore
  if (shape.length !== 4 || shape[3] !== 3 || shape.includes(0))
    throw new UsageError(`${path}: expected '${array}' [N, H, W, 3], found [${shape.join(', ')}]; the channels come last, and there are three`); // prettier-ignore
  return [shape[0]!, shape[1]!, shape[2]!];
}

/** What `scalewise sample` kept beside its samples: how they were made. */
export function keptBeside(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { settings } = JSON.parse(explainIo(path, () => readFileSync(path, 'utf8'))) as { settings?: unknown };
    return typeof settings === 'object' && settings ? (settings as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return undefined; // no record of ours
  }
}

/** Whether a record says that all classes were asked for in equal shares; undefined where there is none. */
export function balancedBy(record: Record<string, unknown> | undefined, count: number): boolean | undefined {
  if (!record) return undefined;
  const { classes, total, seeds } = record;
  return classes === 'all' && (total === count || Array.isArray(seeds));
}

/** The images of an `.npz`. @throws UsageError where the file is broken or holds no images */
export async function npzSubject(path: string, name = basename(path)): Promise<Subject> {
  using file = await NpzFile.open(path);
  const [count, height, width] = imageShape(path, file);
  const record = keptBeside(`${path}.json`);
  return {
    name,
    noun: 'samples',
    count,
    height,
    width,
    balanced: balancedBy(record, count),
    identity: { file: basename(path), sha256: sha256File(path), count, height, width, ...(record && { made: record }) },
    read: (parts, batchSize) => read(path, parts, { batchSize, height, width }),
  };
}

/** Bytes [B, H, W, 3] as uint8 [B, 3, H, W]. */
function planes(bytes: Uint8Array, shape: readonly number[]): Tensor {
  return scope(() => keep(tensor(bytes, { shape }).permute([0, 3, 1, 2]).contiguous()));
}

async function* read(
  path: string,
  parts: readonly Span[],
  { batchSize, height, width }: { batchSize: number; height: number; width: number },
): AsyncGenerator<SubjectBatch> {
  const batches = parts.flatMap((part) => batchesOf(part, batchSize));
  if (!batches.length) return;
  using file = await NpzFile.open(path);
  const size = 3 * height * width;
  let [at, number] = [0, 0];
  let bytes = new Uint8Array(batches[0]!.size * size);
  for await (const row of file.rows(array)) {
    const batch = batches[at]!;
    if (number >= batch.first) bytes.set(row, (number - batch.first) * size);
    if (++number < batch.first + batch.size) continue;
    yield { first: batch.first, bytes_B3HW: planes(bytes, [batch.size, height, width, 3]) };
    const next = batches[++at];
    if (!next) return;
    bytes = new Uint8Array(next.size * size);
  }
}
