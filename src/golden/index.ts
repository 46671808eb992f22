// Golden files: values of the public implementations, which the models, SAR, the sampler and the metrics must reproduce.
export { checkFile, checkFolder, type FileReport } from './folder.js';
export { type Check } from './report.js';
