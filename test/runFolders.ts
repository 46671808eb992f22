// Run folders as trainings leave them, but small and made at once: what tests of listing, comparing and pruning look at.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealed } from '../src/train/checkpointFiles.js';

/** What a folder is made of. */
export interface RunFolderParts {
  config?: object;
  /** Lines of metrics.jsonl. */
  records?: readonly object[];
  /** Images seen at each checkpoint, and those of them that are kept for good. */
  checkpoints?: readonly number[];
  kept?: readonly number[];
}

/** A checkpoint's name: a step has eight images. */
export const stepName = (imagesSeen: number): string => `step-${String(imagesSeen / 8).padStart(8, '0')}`;

/** Records of a falling loss at some numbers of images. */
export const falling = (images: readonly number[], from: number) =>
  images.map((imagesSeen, i) => ({ step: imagesSeen / 8, imagesSeen, loss: from - i, learning_rate: 0.001 }));

/** Makes a run folder; its path. */
export function makeRun(
  path: string,
  { config = {}, records = [], checkpoints = [], kept = [] }: RunFolderParts,
): string {
  // prettier-ignore
  mkdirSync(join(path, 'samples'), { recursive: true });
  mkdirSync(join(path, 'checkpoints'));
  const all = { kind: 'train', family: 'flexvar', data: 'fashion-mnist', images: 64, seed: 1, ...config };
  writeFileSync(join(path, 'config.json'), JSON.stringify(all));
  if (records.length)
    writeFileSync(join(path, 'metrics.jsonl'), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
  for (const imagesSeen of checkpoints) {
    const folder = join(path, 'checkpoints', stepName(imagesSeen));
    mkdirSync(folder);
    const content = Buffer.alloc(1000, imagesSeen);
    writeFileSync(join(folder, 'generator.safetensors'), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const clock = { step: imagesSeen / 8, imagesSeen, skipped: 0, skippedInRow: 0 };
    const files = { 'generator.safetensors': { bytes: content.length, sha256 } };
    writeFileSync(join(folder, 'manifest.json'), sealed({ clock, kept: kept.includes(imagesSeen), files }));
  }
  return path;
}
