// Images in: packaged data sets and folders, batches, orders.
export { batchIndices } from './batches.js';
export { chanceOf, chanceOfVariant, type CropChance, type ImageChance, variantOf } from './chance.js';
export { cacheFolder } from './cacheFolder.js';
export { type BrokenFile, type FolderLayout, type Split } from './folderLayout.js';
export { BrokenImage, type CropSize, type FileFacts, planCrop, readImage, type ReadImage } from './imageFile.js';
export { type FolderImages, readImageFolder } from './imageFolder.js';
export { batch, classCounts, imageCount, type ImageSet, pixelsOf, toBytes, toImages } from './imageSet.js';
export type { LoadedBatch, Loader, LoaderOptions, Span } from './loader.js';
export { findPackagedData, heldOutNote, locateData, openData, packagedData } from './open.js';
export { openLoader } from './openLoader.js';
export { openSource } from './sources/open.js';
export { placeReader } from './sources/readPlace.js';
export type { ImageSource, Place } from './sources/source.js';
export { openTrainingData, type TrainingData, type TrainingDataSettings } from './trainingData.js';
export { cacheState, getPackagedData, type PackagedData, readPackagedData } from './package.js';
