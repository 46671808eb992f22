// Experiments: the paper's tables and figures as programs, each with its control, seeds and report.
export { type Arm, type RefinementExperiment, refinementExperiments } from './catalogue.js';
export { type Ground, grounds } from './grounds.js';
export { type Block, type Page, pageHtml, pageMarkdown, type Table, writePage } from './page.js';
export { type ExperimentOptions, type Materials, runRefinement } from './refinement.js';
export { intervalText, relativeDifferences, spreadText, type Summary, summarise, verdictOf } from './summary.js';
