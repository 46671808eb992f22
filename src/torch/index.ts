// The engine's public face. Only this folder knows the native addon.
export { TorchError, type LibtorchBuild, type LibtorchInformation } from './native.js';
export { type DType, type MemoryFormat, type TypedArrayOf, elementBytes } from './dtype.js';
export { Tensor, type ToOptions, tensorBytes } from './tensor.js';
export * as ops from './generated/operators.js';
export { has, op, operatorNames, schema, uncheckedOp } from './operator.js';
export { keep, liveBytes, liveTensors, scope } from './memory.js';
export {
  autocast,
  type AutocastOptions,
  enableGrad,
  gradients,
  holdCasts,
  matrixDtype,
  noGrad,
  straightThrough,
} from './autograd.js';
export {
  type Backend,
  Heartbeat,
  ownAddress,
  ProcessGroup,
  Reducer,
  type ReducerOptions,
  requireBackend,
  TcpStore,
} from './distributed.js';
export { Generator, type Rows } from './random.js';
export { recompute, Tape } from './recompute.js';
export {
  aliasTypedArray,
  arange,
  empty,
  eye,
  full,
  linspace,
  type Nested,
  ones,
  rand,
  randint,
  randn,
  randperm,
  type RandomOptions,
  tensor,
  tensorFromBytes,
  type TensorOptions,
  zeros,
} from './creation.js';
export {
  cudaAvailable,
  deviceMemory,
  type DeviceMemory,
  emptyDeviceCache,
  fastBfloat16,
  libtorch,
  profile,
  resetDevicePeak,
  setThreads,
  threads,
  trimMemory,
} from './system.js';
