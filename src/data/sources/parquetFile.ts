// One Parquet file, read in pieces: its metadata, a column of labels, the bytes of a row's image.
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UsageError } from '../../util/errors.js';
import { type ByteFile, openByteFile } from './byteFile.js';
import { mostBytes } from './source.js';

/** An open file. */
export interface ParquetFile {
  name: string;
  metadata: FileMetaData;
  /** Values of some rows of a column. */
  read(column: string, rowStart: number, rowEnd: number): Promise<unknown[]>;
  close(): Promise<void>;
}

/** Turns the reader's errors into sentences; its own of the disk and the network pass. */
async function explain<T>(name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: no whole Parquet file (${(error as Error).message}); fetch it again`, {
      cause: error,
    });
  }
}

function bufferOf(file: ByteFile): AsyncBuffer {
  return {
    byteLength: file.size,
    slice: async (start, end = file.size) => {
      if (start < 0 || end > file.size || start > end) throw new Error(`it refers to bytes ${start} to ${end}`);
      return (await file.read(start, end - start)).buffer;
    },
  };
}

async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  const metadata = await parquetMetadataAsync(file);
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows) || rows > file.byteLength)
    throw new Error(`${metadata.num_rows} rows are promised, of which its parts have ${rows}`);
  return metadata;
}

/**
 * Opens a Parquet file or URL.
 * @throws UsageError where it cannot be read, or is none.
 */
export async function openParquet(name: string): Promise<ParquetFile> {
  const bytes = await openByteFile(name);
  const file = bufferOf(bytes);
  try {
    const metadata = await explain(name, () => readMetadata(file));
    return {
      name,
      metadata,
      read: async (column, rowStart, rowEnd) => {
        const options = { file, metadata, compressors, columns: [column], rowStart, rowEnd, useOffsetIndex: true, utf8: false }; // prettier-ignore
        const rows = await explain(name, () => parquetReadObjects(options));
        return rows.map((row) => row[column] as unknown);
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Bytes of an image cell: the hub's struct of `bytes` and `path`, or the bytes alone. */
function bytesOfCell(where: string, cell: unknown): Uint8Array {
  const value: unknown = cell instanceof Uint8Array ? cell : (cell as { bytes?: unknown } | null)?.bytes;
  if (!(value instanceof Uint8Array))
    throw new UsageError(`${where}: there are no bytes; the set's images lie elsewhere, see its description`);
  if (value.length > mostBytes) throw new UsageError(`${where}: ${value.length} bytes are too many for an image`);
  return value;
}

const mostGroups = 2; // row groups held by one reader: they may have 100 MB each

/** Reads images by their rows. Where the file has an index of its pages one page is read, else the row group, which is held for its neighbours. */
export function rowReader(file: ParquetFile): (column: string, row: number) => Promise<Uint8Array> {
  const held = new Map<string, Promise<unknown[]>>();
  const groups = file.metadata.row_groups.map(() => ({ start: 0, end: 0 }));
  file.metadata.row_groups.forEach(({ num_rows }, i) => {
    groups[i]!.start = groups[i - 1]?.end ?? 0;
    groups[i]!.end = groups[i]!.start + Number(num_rows);
  });
  const cellOf = async (column: string, row: number): Promise<unknown> => {
    const at = groups.findIndex(({ end }) => row < end);
    const group = groups[at]!;
    const chunks = file.metadata.row_groups[at]!.columns.filter((one) => one.meta_data?.path_in_schema[0] === column);
    if (chunks.every((one) => one.offset_index_offset)) return (await file.read(column, row, row + 1))[0];
    const key = `${column} ${at}`;
    const cells = held.get(key) ?? file.read(column, group.start, group.end);
    held.delete(key); // the newest comes last
    held.set(key, cells);
    if (held.size > mostGroups) held.delete(held.keys().next().value!);
    return (await cells)[row - group.start];
  };
  return async (column, row) => bytesOfCell(`${file.name}, row ${row}`, await cellOf(column, row));
}
