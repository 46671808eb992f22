// Inception-v3 of 2015-12-05, the network of FID.
export { Inception, type InceptionFeatures } from './network.js';
export { inceptionPath, isInception, type LoadedInception, loadInception, publishedInception } from './weights.js';
