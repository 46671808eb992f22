// The studio's HTTP contract. Nothing here imports anything but zod; the page imports the types only.
export * from './common.js';
export * from './events.js';
export * from './experiments.js';
export * from './explanations.js';
export * from './generations.js';
export * from './health.js';
export * from './images.js';
export * from './models.js';
export * from './refinements.js';
export * from './runs.js';
export * from './sampling.js';
export * from './session.js';
