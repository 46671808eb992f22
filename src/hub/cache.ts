// Where fetched files lie. The layout is the hub's own (blobs by their sums, snapshots that link to them, refs), so that a file which another
// program of the hub has fetched is found, and the other way round.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { getHFHubCachePath, getRepoFolderName } from '@huggingface/hub';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { findPublished, type HubFile } from './published.js';

/** `$SCALEWISE_CACHE/hub` where that is set, else the hub's own cache (`HF_HUB_CACHE`, `HF_HOME`, `~/.cache/huggingface/hub`). */
export function hubCacheFolder(): string {
  const own = process.env['SCALEWISE_CACHE'];
  return own ? join(own, 'hub') : getHFHubCachePath();
}

const folderOf = (cache: string, { repository }: HubFile) =>
  join(cache, getRepoFolderName({ type: 'model', name: repository }));

/** Where the bytes of a given sum lie. */
export function blobPath(cache: string, file: HubFile, sum: string): string {
  return join(folderOf(cache, file), 'blobs', sum);
}

function commitOf(repository: string, revision: string): string | undefined {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const ref = join(repository, 'refs', revision);
  return existsSync(ref) ? readFileSync(ref, 'utf8').trim() : undefined;
}

/** The snapshots of a repository, the newest first. */
function snapshotsOf(repository: string): string[] {
  const folder = join(repository, 'snapshots');
  if (!existsSync(folder)) return [];
  const time = (commit: string) => statSync(join(folder, commit)).mtimeMs;
  return readdirSync(folder).sort((a, b) => time(b) - time(a));
}

/**
 * Path of a file in the cache, or undefined. Files are fetched one by one, so a branch may stand at a later commit than the one at which this file
 * was fetched: then its newest copy counts.
 */
export function findCached(file: HubFile, cache = hubCacheFolder()): string | undefined {
  const repository = folderOf(cache, file);
  return explainIo(repository, () => {
    const commit = commitOf(repository, file.revision);
    const commits = commit === undefined ? [] : [commit];
    if (file.revision === 'main') commits.push(...snapshotsOf(repository));
    return commits.map((one) => join(repository, 'snapshots', one, file.path)).find((path) => existsSync(path));
  });
}

/** Path of a published file that was pulled, by its name; undefined where it is not in the cache, or no such name is known. */
export function cachedFile(name: string): string | undefined {
  const file = findPublished(name);
  return file && findCached(file);
}

/** Enters a blob under its commit and revision; answers the path to use. */
export function link(cache: string, file: HubFile, commit: string, blob: string): string {
  const repository = folderOf(cache, file);
  const path = join(repository, 'snapshots', commit, file.path);
  explainIo(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path) || realpathSync(path) !== realpathSync(blob)) {
      const aside = `${path}.${process.pid}.part`;
      symlinkSync(relative(dirname(path), blob), aside);
      renameSync(aside, path);
    }
  });
  if (file.revision !== commit) writeFileAtomic(join(repository, 'refs', file.revision), commit);
  return path;
}
