// Which process writes to a run: its event file's name tells machine and process, and the process's open files tell whether it still does.
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Who wrote a run's newest event file. */
export interface RunWriter {
  host: string;
  pid: number;
  /** Whether the process is of this machine and has the file open. */
  isOpen: boolean;
}

function hasOpen(pid: number, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    const file = realpathSync(path);
    return readdirSync(folder).some((name) => {
      try {
        return readlinkSync(join(folder, name)) === file;
      } catch {
        return false; // closed meanwhile
      }
    });
  } catch {
    return false; // no such process, or another user's
  }
}

/** The writer of the newest event file in a run folder; undefined where there is none. */
export function writerOf(run: string): RunWriter | undefined {
  const found = readdirSync(run).flatMap((name) => {
    const [, seconds, host, pid, number] = /^events\.out\.tfevents\.(\d+)\.(.+)\.(\d+)\.(\d+)$/.exec(name) ?? [];
    return seconds ? [{ name, order: [Number(seconds), Number(number)] as const, host: host!, pid: Number(pid) }] : [];
  });
  const newest = found.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]).at(-1);
  if (!newest) return undefined;
  const { name, host, pid } = newest;
  return { host, pid, isOpen: host === hostname() && hasOpen(pid, join(run, name)) };
}
