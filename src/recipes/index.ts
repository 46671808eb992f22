// Recipes: settings, presets, and the whole trainings made of the layers below.
export {
  type Canvas,
  canvasCell,
  type Margins,
  maskByBox,
  maskByFile,
  maskCell,
  pasteBack,
  readCanvas,
  readExtended,
} from './canvas.js';
export { canvasSize, interpolatedCells, paintedCells, refinedCells, scalesWithin } from './edit.js';
export { classifierDefaults, loadClassifier, saveClassifier, trainClassifier } from './classifierFile.js';
export { type Precision, settlePrecision, useMachine } from './machine.js';
export {
  findWeights,
  fingerprint,
  type GeneratorCard,
  loadGenerator,
  loadModels,
  loadTokenizer,
  markOf,
  modelName,
  type Models,
  saveGenerator,
  saveTokenizer,
} from './modelFiles.js';
export {
  classGrid,
  growthStrip,
  type Pair,
  pairedGrid,
  reconstructionGrid,
  sampleCells,
  type SamplingSettings,
} from './pictures.js';
export { type ReconstructionOptions, type ReconstructionReport, reconstructionReport } from './reconstruction.js';
export { generatorPresets, refinePresets, tokenizerPresets } from './presets.js';
export {
  type GeneratorSettings,
  generatorSettings,
  type RefineSettings,
  refineSettings,
  type TokenizerSettings,
  tokenizerSettings,
  type TrainingSettings,
} from './settings.js';
export { loaderFor } from './training.js';
export { storedClasses, storedCount, targetsFor, targetsOfStore } from './targetsFor.js';
export { type TargetSource } from './targets.js';
export { targetsOfTokens } from './targetsOfTokens.js';
export { encodeTokens } from './encodeTokens.js';
export { type Crops, openInOrder } from './readings.js';
export { listsDrawn, type ScaleSettings } from './scaleLists.js';
export { TokenStore } from './tokenStore.js';
export { type RanksReport, ranksText, simulateRanks } from './simulateRanks.js';
export { generatorToRefine, newGenerator, type Start, trainGenerator } from './trainGenerator.js';
export { checkScales, newTokenizer, trainTokenizer } from './trainTokenizer.js';
export { quickstart, type QuickstartData, type QuickstartOptions } from './quickstart.js';
export { type Assessor, type Column, type Figures, type JudgeOptions, type Measure } from './assessor.js';
export { classifierJudge, classifierMeasure, type Judge, type Verdict } from './judge.js';
export { classifierAt } from './judgeFile.js';
export {
  checkNetwork,
  classifierNetwork,
  dataSubject,
  distanceName,
  evaluate,
  type Evaluation,
  type EvaluationNetwork,
  type EvaluationPlan,
  featureNetwork,
  featuresFor,
  type Figure,
  folderSubject,
  gatherDefaults,
  type GatherOptions,
  generatorSubject,
  holdsStatistics,
  imagesReference,
  inceptionAssessor,
  inceptionNetwork,
  metricsOf,
  networkAssessor,
  npzSubject,
  openStatistics,
  outputOf,
  type Protocol,
  type Reference,
  referenceImages,
  type SampledModel,
  spread,
  type StatisticsFile,
  statisticsReference,
  Stopped,
  type Subject,
  type SubjectResult,
  usualReplicates,
  writeReference,
} from './evaluate/index.js';
export { balancedLabels, type LabelOrder } from './labels.js';
export { type ImageSink, type KeptSettings, openSampleFolder, openSampleNpz } from './sampleSink.js';
export { checkSampling, type ImagePlan, type MadeImage, type SampleStream, sampleStream } from './sampleStream.js';
export {
  candidateSeed,
  type DrawImages,
  type RejectionCounts,
  type RejectionOptions,
  RejectionSampler,
  type TakenImage,
} from './rejection.js';
export { type Chart, type Curve, curveOf, writeCharts, writeSvg } from './curves.js';
export { verdictRow } from './report.js';
