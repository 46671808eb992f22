// The judge of a data set: its classifier is read where it was trained before, else trained and kept.
import { existsSync } from 'node:fs';
import type { ImageSet } from '../data/index.js';
import {
  classifierDefaults,
  type ClassifierSettings,
  loadClassifier,
  saveClassifier,
  trainClassifier,
} from './classifierFile.js';
import { type Judge, judgeOf } from './judge.js';

/** A judge whose classifier lies at `path`, or will. */
export function judgeFor(
  path: string,
  train: ImageSet,
  heldOut: ImageSet,
  say: (line: string) => void,
  settings: ClassifierSettings = classifierDefaults,
): Judge {
  if (existsSync(path)) return judgeOf(loadClassifier(path, settings.device), heldOut);
  say(`training the classifier that judges samples (${path})`);
  const classifier = trainClassifier(train, settings);
  saveClassifier(path, classifier, train.name, heldOut);
  return judgeOf(classifier, heldOut);
}
