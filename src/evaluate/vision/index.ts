// Vision transformers whose features distances can be measured in, beside Inception's.
export { ClipImageTower, type ClipSizes } from './clip.js';
export { DinoV2, type DinoV2Sizes } from './dinoV2.js';
export type { Activation, TransformerSizes } from './layers.js';
export { loadVision, type VisionKind, visionKind, type VisionNetwork } from './read.js';
