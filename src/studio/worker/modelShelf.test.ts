// A model of the studio stays what it was described as: a newer checkpoint is another model, and so is another file in its place.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describe as describeModel } from './describe.js';
import { ModelShelf } from './modelShelf.js';

const weights = join(import.meta.dirname, '..', '..', '..', 'weights', 'fashion-mnist');
const shelf = () => new ModelShelf({ device: 'cpu', threads: 1, keep: 2 });

/** A run folder with a checkpoint of the generator of a name. */
function addCheckpoint(run: string, step: string, name: string): string {
  const folder = join(run, 'checkpoints', step);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(weights, `${name}.safetensors`), join(folder, 'generator.safetensors'));
  return join(folder, 'generator.safetensors');
}

test('a run folder means the checkpoint that was its newest when the studio took it up, in every worker', () => {
  const run = mkdtempSync(join(tmpdir(), 'scalewise-run-'));
  cpSync(join(weights, 'tokenizer.safetensors'), join(run, 'tokenizer.safetensors'));
  const first = addCheckpoint(run, 'step-000000001', 'generator');
  const described = describeModel(shelf(), { generator: run });
  addCheckpoint(run, 'step-000000002', 'generator-sar');
  expect(described.source).toMatchObject({ generator: first, tokenizer: join(run, 'tokenizer.safetensors') });
  const later = shelf(); // another worker, or the same one started anew
  expect(describeModel(later, described.source).marks).toEqual(described.marks);
  expect(describeModel(shelf(), { generator: run }).marks).not.toEqual(described.marks);

  rmSync(first);
  expect(later.take(described.source).path).toBe(first); // what a training removed is still held
  expect(() => shelf().take(described.source)).toThrow(/^model: the files of .* were removed after the studio took it up/); // prettier-ignore
});

test('another file in its place is refused, whether the model is held or not, and whatever its date says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-run-'));
  for (const name of ['tokenizer', 'generator']) copyFileSync(join(weights, `${name}.safetensors`), join(folder, `${name}.safetensors`)); // prettier-ignore
  const file = join(folder, 'generator.safetensors');
  const when = new Date(1_700_000_000_000);
  utimesSync(file, when, when);
  const first = shelf();
  const { source } = describeModel(first, { generator: file });
  copyFileSync(join(weights, 'generator-sar.safetensors'), file);
  const sentence =
    /^model: the files of generator were written anew after the studio took it up; open the studio anew$/;
  expect(() => first.take(source)).toThrow(sentence);
  expect(() => shelf().take(source)).toThrow(sentence);
  utimesSync(file, when, when);
  expect(() => shelf().take(source)).toThrow(sentence);
});
