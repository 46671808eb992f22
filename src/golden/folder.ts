// Checks every golden file of a folder by its kind.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { checkGeneration } from './generation.js';
import { checkGenerationFull } from './generationFull.js';
import { GoldenFile } from './goldenFile.js';
import { checkKeys } from './keys.js';
import { checkMetrics } from './metrics.js';
import type { Check } from './report.js';
import { checkSamplingFilter } from './samplingFilter.js';
import { checkSar } from './sar.js';

const checkers: Record<string, (file: GoldenFile) => Check[]> = {
  flexvar: checkGeneration,
  flexvar_full: checkGenerationFull,
  var: checkGeneration,
  var_full: checkGenerationFull,
  sar: checkSar,
  sampling_filter: checkSamplingFilter,
  metrics: checkMetrics,
};

/** What the check of one file says. */
export interface FileReport {
  /** The file's name. */
  file: string;
  checks: Check[];
  /** Tensors of the file that no check has read. */
  unread: string[];
}

/**
 * Checks one golden file.
 * @param weights a checkpoint that holds the weights which the file's values were computed with; they are made by the formula without it
 */
export function checkFile(path: string, weights?: string): Omit<FileReport, 'file'> {
  if (path.endsWith('.json')) return { checks: checkKeys(path), unread: [] };
  using file = new GoldenFile(path, weights);
  const { kind } = file;
  const checker = Object.hasOwn(checkers, kind) ? checkers[kind] : undefined;
  if (!checker)
    throw new UsageError(`${path}: expected one of the kinds ${Object.keys(checkers).join(', ')}, got '${kind}'`);
  const checks = checker(file);
  return { checks, unread: file.unread() };
}

/** Checks the golden files (`*.safetensors`, `*_keys.json`) of a folder in the order of their names, one report a file. */
export function* checkFolder(folder: string): Generator<FileReport> {
  const names = explainIo(folder, () => readdirSync(folder)).filter((name) =>
    /(\.safetensors|_keys\.json)$/.test(name),
  );
  if (!names.length)
    throw new UsageError(`${folder}: expected golden files (*.safetensors or *_keys.json), found none`);
  for (const file of names.sort()) yield { file, ...checkFile(join(folder, file)) };
}
