// Evaluation: subjects, networks, references, and the whole of it.
export { type Evaluation, evaluate, type EvaluationPlan, featuresFor, type SubjectResult } from './evaluation.js';
export { gatherDefaults, type GatherOptions, Stopped } from './gather.js';
export { generatorSubject, type SampledModel } from './generatorSubject.js';
export { dataSubject, folderSubject } from './imageSubject.js';
export { columnsOf, type Metric, metricsOf } from './metrics.js';
export { classifierNetwork, type EvaluationNetwork, featureNetwork, inceptionNetwork, outputOf } from './network.js';
export { inceptionAssessor, networkAssessor } from './networkAssessor.js';
export { type Figure, usualReplicates } from './noise.js';
export { npzSubject } from './npzSubject.js';
export { distanceName, type Protocol } from './protocol.js';
export {
  checkNetwork,
  holdsStatistics,
  imagesReference,
  openStatistics,
  type Reference,
  type StatisticsFile,
  statisticsReference,
} from './reference.js';
export { spread, type Subject } from './subject.js';
export { referenceImages, writeReference } from './writeReference.js';
