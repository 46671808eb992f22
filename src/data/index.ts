// Images in: packaged data sets and folders, batches, orders.
export { batchIndices } from './batches.js';
export { type BrokenFile, type FolderLayout, type Split } from './folderLayout.js';
export { BrokenImage, type CropSize, type FileFacts, planCrop, readImage, type ReadImage } from './imageFile.js';
export { type FolderImages, readImageFolder } from './imageFolder.js';
export { batch, classCounts, imageCount, type ImageSet, pixelsOf, toBytes, toImages } from './imageSet.js';
export { type LoadedBatch, type Loader, type LoaderOptions, openLoader, type Span } from './loader.js';
export { findPackagedData, heldOutNote, locateData, openData, packagedData } from './open.js';
export { cacheFolder, cacheState, getPackagedData, type PackagedData, readPackagedData } from './package.js';
