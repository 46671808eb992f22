// When tensors are freed: scopes free what was made inside them, `keep` and `using` are for long lives, the garbage collector is the net.
// Scopes are synchronous. A tensor made outside every scope, or kept, is registered with a finaliser, and its bytes are told to V8.
import { native, type Handle } from './native.js';

/** What memory management needs to know of a tensor. */
export interface Owned {
  /** -1 once freed. */
  handle: Handle;
  /** Bytes told to V8, where the finaliser is in charge; -1 where a scope is. */
  reported: number;
}

let scopeTensors: Owned[] | undefined;
const single = new Int32Array(1);
let batch = new Int32Array(1024);

const finaliser = new FinalizationRegistry<{ handle: Handle; reported: number }>(({ handle, reported }) => {
  release(handle);
  native.reportMemory(-reported);
});

function release(handle: Handle): void {
  single[0] = handle;
  native.free(single, 1);
}

/** Puts a new tensor in the charge of the current scope, or of the finaliser where there is none. */
export function own(tensor: Owned): void {
  if (scopeTensors) scopeTensors.push(tensor);
  else giveToFinaliser(tensor);
}

function giveToFinaliser(tensor: Owned): void {
  tensor.reported = native.storageBytes(tensor.handle);
  native.reportMemory(tensor.reported);
  finaliser.register(tensor, { handle: tensor.handle, reported: tensor.reported }, tensor);
}

/** Frees one tensor now; again is harmless. */
export function dispose(tensor: Owned): void {
  if (tensor.handle < 0) return;
  if (tensor.reported >= 0) {
    finaliser.unregister(tensor);
    native.reportMemory(-tensor.reported);
  }
  release(tensor.handle);
  tensor.handle = -1;
}

/** Takes a tensor out of its scope: it lives until `dispose()`, `using`, or the garbage collector ends it. */
export function keep<T extends Owned>(tensor: T): T {
  if (tensor.handle < 0) throw new TypeError('keep: the tensor was freed');
  if (tensor.reported < 0) giveToFinaliser(tensor);
  return tensor;
}

function isOwned(value: object): value is Owned {
  return 'handle' in value && 'reported' in value;
}

function collect(value: unknown, into: Set<Owned>): void {
  if (value === null || typeof value !== 'object') return;
  if (isOwned(value)) into.add(value);
  else if (Array.isArray(value) || value instanceof Set)
    for (const one of value as Iterable<unknown>) collect(one, into);
  else if (value instanceof Map) for (const one of value.values()) collect(one, into);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const one of Object.values(value)) collect(one, into);
}

/**
 * Runs `body` and frees every tensor that was made in it, but those in its result (a tensor, or arrays, plain objects, Maps and Sets of them),
 * which pass to the enclosing scope, and those given to `keep`.
 * @throws TypeError where `body` is asynchronous: what it makes later would belong to nobody.
 */
export function scope<T>(body: () => T): T {
  const outer = scopeTensors;
  const mine: Owned[] = [];
  scopeTensors = mine;
  const survivors = new Set<Owned>();
  try {
    const result = body();
    if (result instanceof Promise) throw new TypeError('scope: its body must be synchronous, got a Promise');
    collect(result, survivors);
    return result;
  } finally {
    scopeTensors = outer;
    endScope(mine, survivors);
  }
}

function endScope(mine: Owned[], survivors: Set<Owned>): void {
  if (batch.length < mine.length) batch = new Int32Array(mine.length * 2);
  let count = 0;
  for (const tensor of mine) {
    if (tensor.handle < 0 || tensor.reported >= 0) continue;
    if (survivors.has(tensor)) {
      own(tensor);
      continue;
    }
    batch[count++] = tensor.handle;
    tensor.handle = -1;
  }
  native.free(batch, count);
}

/** Tensors that are held by a handle now: the measure for leak tests. */
export function liveTensors(): number {
  return native.liveTensors();
}

/** Bytes of the storages behind all live tensors, each storage once. */
export function liveBytes(): number {
  return native.liveBytes();
}
