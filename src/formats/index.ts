// File formats: bytes on disk, no torch.
export { readSafetensors, SafetensorsFile, writeSafetensors } from './safetensors.js';
export type { RawTensor, SafetensorsType, TensorSource, WeightsFile } from './tensors.js';
export { PthFile, type PlainNode, type PthNode, PthTensor, writePth } from './pth/index.js';
export { openWeightsFile } from './weightsFile.js';
export { appendJsonLine, brokenLine, lastJsonLine, readJsonLines } from './jsonLines.js';
export { type NpyHeader, type NpyType } from './npy.js';
export { type NpyArray, NpzFile } from './npzReader.js';
export { type NpzSource, writeNpz } from './npzArrays.js';
export { type ImageArrayShape, NpzImageWriter } from './npzWriter.js';
export { pngTexts, withPngTexts } from './pngText.js';
export { EventWriter } from './tfevents.js';
