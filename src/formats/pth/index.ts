// PyTorch's files of tensors (`.pth`, `.pt`, `.ckpt`, `.bin`), read and written without PyTorch.
export { PthFile } from './pthFile.js';
export { PthTensor } from './tensor.js';
export type { PlainNode, PthNode } from './tree.js';
export { writePth } from './write.js';
