// File formats: bytes on disk, no torch.
export {
  type RawTensor,
  readSafetensors,
  SafetensorsFile,
  type SafetensorsType,
  type TensorSource,
  writeSafetensors,
} from './safetensors.js';
export { appendJsonLine, readJsonLines } from './jsonLines.js';
export { type NpyHeader, type NpyType } from './npy.js';
export { type NpyArray, NpzFile } from './npzReader.js';
export { type ImageArrayShape, NpzImageWriter } from './npzWriter.js';
export { pngTexts, withPngTexts } from './pngText.js';
export { EventWriter } from './tfevents.js';
