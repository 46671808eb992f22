// Pickles, read as plain data: an own unpickler that runs nothing.
export { Cursor } from './cursor.js';
export { Machine } from './machine.js';
export { quoted } from './quoted.js';
export {
  type Caller,
  describe,
  PickledDict,
  PickledFloat,
  PickledGlobal,
  PickledObject,
  PickledSet,
  PickledTuple,
  type Refuse,
  type Value,
} from './values.js';
