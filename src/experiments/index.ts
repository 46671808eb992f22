// Experiments: small programs over the recipes, each with its control, seeds and report.
export { refineVsControl, type RefineVsControlOptions } from './refineVsControl.js';
export { refineVsControlReport } from './refineVsControlReport.js';
