// The grids of samples that a training wrote.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSample } from './api/index.js';
import { notFound } from './errors.js';
import type { ShelvedRun } from './runShelf.js';

const sampleName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|webp)$/;

/** The grids of a run folder, oldest first; links are left out, since they may lead anywhere. */
export function samplesOf({ glance }: ShelvedRun): RunSample[] {
  const folder = join(glance.path, 'samples');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && sampleName.test(entry.name))
    .map(({ name }) => ({ name, step: Number(/(\d{1,15})\.\w+$/.exec(name)?.[1] ?? NaN) }))
    .map(({ name, step }) => ({ name, step: Number.isNaN(step) ? null : step }))
    .sort((a, b) => (a.step ?? -1) - (b.step ?? -1) || a.name.localeCompare(b.name));
}

/** The bytes of one of them. @throws StudioError 404 */
export function sampleBytes(run: ShelvedRun, name: string): Buffer {
  const found = samplesOf(run).find((one) => one.name === name);
  if (!found) throw notFound('sample', name);
  return readFileSync(join(run.glance.path, 'samples', found.name));
}
