// ONNX: a generator and its tokenizer for other runtimes, browsers' among them.
export type {
  ConstantInput,
  ConstantInputs,
  ModelDescription,
  SamplerDescription,
  ScaleDescription,
} from './description.js';
export { type Exported, exportOnnx, type ExportOptions, type ExportSubject, samplerFile } from './export.js';
export { type WrittenModel } from './write.js';
