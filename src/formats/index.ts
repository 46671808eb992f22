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
export { EventWriter } from './tfevents.js';
