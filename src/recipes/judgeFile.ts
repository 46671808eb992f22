// The classifier of a data set: kept in a file, and trained where it is missing.
import { existsSync } from 'node:fs';
import type { ImageSet } from '../data/index.js';
import { classifierDefaults, type ClassifierSettings, saveClassifier, trainClassifier } from './classifierFile.js';

/** The path of a data set's classifier, which is trained first where there is no file. */
export function classifierAt(
  path: string,
  { train, heldOut }: { train: ImageSet; heldOut: ImageSet },
  say: (line: string) => void,
  settings: ClassifierSettings = classifierDefaults,
): string {
  if (existsSync(path)) return path;
  say(`training the classifier that judges samples (${path})`);
  const classifier = trainClassifier(train, settings);
  saveClassifier(path, classifier, train.name, heldOut);
  classifier.dispose();
  return path;
}
