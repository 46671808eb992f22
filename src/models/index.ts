// Generators: logits only; sampling, losses and training lie above.
export { type Segment } from './attention.js';
export { FlexVar, flexVarBuffers, type FlexVarConfig, flexVarConfig, type PassOptions } from './flexVar.js';
export { initialiseConvolutions, initialiseFlexVar, initialiseTokenizer, sineCosineMap } from './initialise.js';
export { drawScales, flexVarScales, type RandomScales } from './scaleSchedule.js';
export { Session } from './session.js';
export { segmentsOf, type Visibility } from './visibility.js';
