// What a studio remembers of the refinements that it started, in the folder that it was opened on: so that the next one can go on with them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../util/files.js';
import { refinement } from './api/index.js';
import type { StartedRefinement } from './refinements.js';

const fileName = '.scalewise-refinements.json';
const remembered = z.array(refinement.omit({ progress: true }));

const told = (path: string, error: unknown) => process.stderr.write(`studio: ${path}: ${error instanceof Error ? error.message : String(error)}\n`); // prettier-ignore

/** Refinements of the studios before, the oldest first; none where nothing can be read. Those that were going count as stopped. */
export function recallRefinements(root: string): StartedRefinement[] {
  const path = join(root, fileName);
  if (!existsSync(path)) return [];
  try {
    const all = remembered.parse(JSON.parse(readFileSync(path, 'utf8')));
    const ended = new Date().toISOString();
    const log = ['another studio started it, and this one did not see its end'];
    return all.map((one) =>
      one.ended === null ? { ...one, state: 'stopped', ended, log: [...one.log, ...log] } : one,
    );
  } catch (error) {
    told(path, error);
    return [];
  }
}

/** Writes them down, the oldest first; where that cannot be done the server's output says why. */
export function rememberRefinements(root: string, all: readonly StartedRefinement[]): void {
  const path = join(root, fileName);
  try {
    writeFileAtomic(path, `${JSON.stringify(all, null, 2)}\n`);
  } catch (error) {
    told(path, error);
  }
}
