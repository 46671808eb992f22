// Analyses: what generators do as they are, before and after refinement. Nothing is trained here.
export { type Analysis } from './common.js';
export { givenScales } from './continuation.js';
export { continuation } from './continuationReport.js';
export { differenceMaps } from './differenceMapsReport.js';
export { divergence } from './divergenceReport.js';
export { chooseImages, featuresOfAll, readChosen } from './heldOut.js';
export { imbalance } from './imbalanceReport.js';
export { look } from './look.js';
export { type Named, openSubjects, type Subjects } from './subjects.js';
