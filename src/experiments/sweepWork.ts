// Which process measures which point of a sweep, where several share its folder. What a point needs on the way lies in a folder that is named after
// the point and its owner, so that no two processes write to one place. Work that was left is taken over by a new name, which the file system gives to
// one of them only. Figures do not depend on it: whoever measures a point finds the same ones, so that the worst is a point measured twice.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { explainIo, makeFolder } from '../util/files.js';

/** Minutes without a sign of life after which another process's work is taken over: more than a batch takes. */
export const usualPatience = 30;

/** A process as folders are named after it; the random end tells it from an earlier one of the same number. */
function ownName(): string {
  return `${hostname().replace(/[^\w-]+/g, '_')}.${process.pid}.${randomBytes(4).toString('hex')}`;
}

/** Whether an owner's process is known to have ended: only those of this machine can be asked. */
function hasEnded(owner: string, own: string): boolean {
  const [[host, pid], [ownHost, ownPid]] = [owner.split('.'), own.split('.')];
  if (host !== ownHost) return false;
  if (pid === ownPid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Renames a folder; false where it is gone, or where another one has the name. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code!)) return false;
    throw error;
  }
}

/** A point's work, which is this process's. Disposing of it before it is done leaves it for any process to go on with. */
export class Work implements Disposable {
  #isDone = false;

  constructor(
    readonly folder: string,
    readonly leave: () => void,
    readonly remove: () => void,
  ) {
    writeFileSync(this.#sign, '');
  }

  get #sign(): string {
    return join(this.folder, 'alive');
  }

  /** Tells other processes that this one computes. Throws where one of them has taken the work over. */
  beat(): void {
    const now = new Date();
    utimesSync(this.#sign, now, now);
  }

  /** Whether another process has taken it over, which held this one for dead. */
  get isLost(): boolean {
    return !existsSync(this.#sign);
  }

  /** Removes what is not needed any more. */
  done(): void {
    this.#isDone = true;
    this.remove();
  }

  [Symbol.dispose](): void {
    if (!this.#isDone) this.leave();
  }
}

/** The works of a sweep, below one folder. */
export class WorkFolder {
  readonly #owner: string;
  readonly #patience: number;
  readonly #seen = new Map<string, { sign: number; since: number }>();

  /** @param options.patience in minutes */
  constructor(
    readonly folder: string,
    { owner = ownName(), patience = usualPatience }: { owner?: string; patience?: number } = {},
  ) {
    this.#owner = owner;
    this.#patience = patience * 60_000;
  }

  /**
   * Takes a point's work, with what was left of it.
   * @param key 16 hexadecimal digits that stand for the point
   * @returns undefined where another process is at it
   */
  take(key: string): Work | undefined {
    makeFolder(this.folder);
    return explainIo(this.folder, () => {
      const own = `${key}.${this.#owner}`;
      const there = this.#namesOf(key);
      if (there.some((name) => !this.#isFree(key, name))) return undefined;
      const [left] = there;
      if (left === undefined) mkdirSync(join(this.folder, own));
      else if (!renamed(join(this.folder, left), join(this.folder, own))) return undefined;
      const work = this.#workOf(key, own);
      // of two that came at once, the one whose name comes first goes on
      if (!this.#namesOf(key).some((name) => name < own && !this.#isFree(key, name))) return work;
      work[Symbol.dispose]();
      return undefined;
    });
  }

  #workOf(key: string, own: string): Work {
    const at = (name: string) => join(this.folder, name);
    const remove = (name: string) => { rmSync(at(name), { recursive: true, force: true }); }; // prettier-ignore
    const work = new Work(
      at(own),
      () => {
        if (work.isLost || !renamed(at(own), at(key))) remove(own);
      },
      () => {
        for (const name of this.#namesOf(key)) if (name === own || this.#isFree(key, name)) remove(name);
      },
    );
    return work;
  }

  /** The folders of a point. */
  #namesOf(key: string): string[] {
    return readdirSync(this.folder).filter((name) => name === key || name.startsWith(`${key}.`));
  }

  /** Whether nobody works in a folder. */
  #isFree(key: string, name: string): boolean {
    if (name === key) return true;
    const owner = name.slice(key.length + 1);
    return owner === this.#owner || hasEnded(owner, this.#owner) || this.#isQuiet(name);
  }

  /** Whether a folder has shown no sign of life for as long as this process has looked; clocks of machines are not compared. */
  #isQuiet(name: string): boolean {
    const sign = statSync(join(this.folder, name, 'alive'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const seen = this.#seen.get(name);
    const now = performance.now();
    if (seen?.sign === sign) return now - seen.since > this.#patience;
    this.#seen.set(name, { sign, since: now });
    return false;
  }
}
