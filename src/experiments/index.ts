// Experiments: the paper's tables and figures as programs, each with its control, seeds and report.
export { type Arm, type RefinementExperiment, refinementExperiments } from './catalogue.js';
export { generatorAtHand } from './base.js';
export { type Ground, grounds, withBaseSeed } from './grounds.js';
export { type Block, type Page, pageHtml, pageMarkdown, type Table, writePage } from './page.js';
export { armCommands, fromEverywhere, measureCommands } from './plan.js';
export { type ExperimentOptions, type Materials, reportRefinement, runRefinement } from './refinement.js';
export { type SeedRange, seedRange } from './seeds.js';
export { intervalText, relativeDifferences, spreadText, type Summary, summarise, verdictOf } from './summary.js';
export { networkJudge } from './sweepJudge.js';
export { type Confirmation, confirmationTable, confirmationTasks } from './sweepConfirm.js';
export { type Grid, gridPoints, parseValues } from './sweepGrid.js';
export { hashOf, PointStore, type SweepJudge, type SweepModel, type SweptGuidance } from './sweepPoints.js';
export { bestTable, type SweepAccount, sweepWarnings, writeSweep } from './sweepReport.js';
export { type Measured, runSweep, type SweepEnd } from './sweepRun.js';
export { bestOf, type Sweep } from './sweepSummary.js';
export { type Analysis, chooseImages, continuation, differenceMaps, divergence, featuresOfAll, givenScales, imbalance, look, type Named, openSubjects, readChosen, type Subjects } from './analysis/index.js'; // prettier-ignore
