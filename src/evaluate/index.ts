// Metrics and pictures.
export { accuracy, Classifier, featureWidth } from './classifier.js';
export { frechetDistance, frechetDistanceOf } from './frechet.js';
export { type Cell, cellPng, cellsOf, gridPng, type GridOptions, type Png } from './grid.js';
export { inceptionScore } from './inceptionScore.js';
export { precisionRecall } from './precisionRecall.js';
export { decibels, psnr } from './psnr.js';
export { ssim } from './ssim.js';
export { type FeatureStatistics, statisticsOf } from './statistics.js';
