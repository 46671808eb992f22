// The API's resources: a row each. A new one needs its line here and nothing else.
import type { Resource } from '../server/studio.js';
import { addGenerations } from './generations.js';
import { addDescription } from '../server/describe.js';
import { addExperiments } from './experiments.js';
import { addExplanations } from './explanations.js';
import { addHealth } from './health.js';
import { addImages } from './images.js';
import { addImageEdits } from './imageEdits.js';
import { addModels } from './models.js';
import { addRefinements } from './refinements.js';
import { addRuns } from './runs.js';
import { addSession } from './session.js';

export const resources: readonly Resource[] = [
  addHealth,
  addDescription,
  addSession,
  addModels,
  addImages,
  addImageEdits,
  addGenerations,
  addRuns,
  addExperiments,
  addRefinements,
  addExplanations,
];
