// Metrics and pictures.
export {
  bootstrap,
  type BootstrapOptions,
  compareByBootstrap,
  compareReplicates,
  type Comparison,
  type ComparisonNames,
  comparisonSentence,
  drawReplicates,
  type Estimate,
  estimateOf,
  quantile,
  type Replicates,
  type Resampled,
} from './bootstrap.js';
export { accuracy, Classifier, featureWidth } from './classifier.js';
export { densityCoverage, densityNeighbours } from './densityCoverage.js';
export { defaultTile, type TileSize } from './distances.js';
export {
  extrapolate,
  type Extrapolation,
  extrapolationCounts,
  type ExtrapolationOptions,
  resampledInfinity,
} from './extrapolate.js';
export { FeatureMoments, rowsPerChunk } from './featureMoments.js';
export { frechetDistance, frechetDistanceOf, FrechetFrom } from './frechet.js';
export { type Cell, cellPng, cellsOf, gridPng, type GridPlaces, type GridOptions, type Png } from './grid.js';
export {
  type InceptionScore,
  inceptionScoreInOrder,
  inceptionScoreShuffled,
  inceptionSplit,
} from './inceptionScore.js';
export { kernelDistance, type SubsetDistance, subsetKernelDistance, type SubsetOptions } from './kernelDistance.js';
export { type Moments } from './moments.js';
export { type Balls, inAnyBall, neighbourBalls, tallyBalls } from './neighbours.js';
export { precisionRecall } from './precisionRecall.js';
export { decibels, psnr } from './psnr.js';
export { readReferenceStatistics, type ReferenceStatistics } from './referenceStatistics.js';
export {
  mostKernelImages,
  resampledDensityCoverage,
  resampledFrechet,
  resampledInceptionScore,
  resampledKernelDistance,
  resampledMean,
  resampledPrecisionRecall,
} from './resampledMetrics.js';
export { assessCount, type CountAssessment, imagesToDetect, smallestDetectable } from './sampleCount.js';
export { ssim } from './ssim.js';
export { type FeatureStatistics, statisticsAt, statisticsOf, statisticsOfMoments } from './statistics.js';
export { Inception, type InceptionFeatures, inceptionPath, isInception, type LoadedInception, loadInception, publishedInception } from './inception/index.js'; // prettier-ignore
export { ClipImageTower, DinoV2, loadVision, type VisionKind, visionKind, type VisionNetwork } from './vision/index.js';
