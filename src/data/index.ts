// Images in: packaged data sets and folders, batches, orders.
export { batchIndices } from './batches.js';
export { type BrokenFile, readImageFolder } from './imageFolder.js';
export { batch, classCounts, imageCount, type ImageSet, pixelsOf, toBytes, toImages } from './imageSet.js';
export { findPackagedData, openData, packagedData } from './open.js';
export { cacheFolder, getPackagedData, isCached, type PackagedData } from './package.js';
