// What the server may ask of a worker besides images: one row a task.
import { describe } from './describe.js';
import { explain } from './explain.js';
import { listHeldOut } from './heldOut.js';
import type { ExplainTask, ModelSource } from './messages.js';
import type { ModelShelf } from './modelShelf.js';
import { checkRefinement, type RefinementAsk, refinementChoices } from './refine.js';

/** The tasks by their names. What goes in and out must pass through structured cloning. */
export const tasks: Readonly<Record<string, (shelf: ModelShelf, input: unknown) => unknown>> = {
  describe: (shelf, input) => describe(shelf, input as ModelSource),
  refinementChoices: () => refinementChoices(),
  checkRefinement: (_shelf, input) => { checkRefinement(input as RefinementAsk); }, // prettier-ignore
  explain: (shelf, input) => explain(shelf, input as ExplainTask),
  heldOutImages: (shelf, input) => listHeldOut(shelf, input as ModelSource),
};
