// Random arguments for fuzz.mjs: of the kind that a schema asks for, with ordinary and wild values, or of any other kind.

/** A seeded source of uniform numbers in [0, 1): mulberry32. */
export function randomSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Bytes of an element by libtorch's code of the dtype: integers, floats, complex64, bool, bfloat16. */
const elementBytes = { 0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 2, 6: 4, 7: 8, 9: 8, 11: 1, 15: 2 };
const dtypes = [0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 7, 9, 11, 15];
const differentiable = [5, 6, 7, 9, 15];
const [bool, int64, float32] = [11, 4, 6];
const shapes = [
  [], [0], [1], [2], [3], [2, 3], [3, 2], [3, 3], [0, 3], [2, 3, 3], [1, 2, 4, 4], [2, 2, 3, 3, 3], [1, 0, 2],
]; // prettier-ignore
const integers = [-1, 0, 1, 2, 3, 4, 5, 8];
const wildIntegers = [
  -2, 7, 100, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53, -(2 ** 63), 2n ** 62n, -(2n ** 63n),
]; // prettier-ignore
const numbers = [-1, 0, 0.5, 1, 2, -0.1, 1e-8, NaN, Infinity, -Infinity, 1e300, -1e300];
const strings = [
  '', 'cpu', 'cuda:0', 'meta', 'cpu:-1', 'mean', 'sum', 'floor', 'reflect', 'ij', 'none', 'tanh', 'i,j->ij', 'é\0', 'x'.repeat(1000),
]; // prettier-ignore
const poolSize = 48;

/** Draws arguments, and owns the tensors and generators that they refer to. */
export class RandomValues {
  #random;
  #native;
  #pool = [];
  #generators = [];
  #freed;

  constructor(native, seed) {
    this.#native = native;
    this.#random = randomSource(seed);
    this.#freed = this.#makeTensor();
    native.free(Int32Array.of(this.#freed), 1);
    this.renew();
  }

  chance = (probability) => this.#random() < probability;
  below = (n) => Math.floor(this.#random() * n);
  pick = (list) => list[this.below(list.length)];

  /** New tensors and generators, the old ones freed. */
  renew() {
    this.#native.free(Int32Array.from(this.#pool), this.#pool.length);
    for (const generator of this.#generators) this.#native.freeGenerator(generator);
    this.#pool = Array.from({ length: poolSize }, () => this.#makeTensor());
    this.#generators = [1, 2].map((seed) => this.#native.createGenerator('cpu', seed));
  }

  /** Takes a result into the pool, where it becomes an argument, or frees it. */
  dispose(tensor) {
    let given = tensor;
    if (this.chance(0.02) && this.#native.storageBytes(tensor) < 1e6) {
      const at = this.below(poolSize);
      [given, this.#pool[at]] = [this.#pool[at], tensor];
    }
    this.#native.free(Int32Array.of(given), 1);
  }

  #makeTensor() {
    const shape = this.pick(shapes);
    const dtype = this.pick(dtypes);
    const bytes = new Uint8Array(shape.reduce((product, size) => product * size, elementBytes[dtype]));
    const filling = this.below(4);
    if (filling === 1) bytes.forEach((_, i) => (bytes[i] = this.below(dtype === bool ? 2 : 256)));
    if (filling === 2 && dtype === float32) {
      const values = new Float32Array(bytes.buffer);
      values.forEach((_, i) => (values[i] = this.#random() * 4 - 1));
    }
    if (filling === 3 && dtype === int64) {
      const values = new BigInt64Array(bytes.buffer);
      values.forEach((_, i) => (values[i] = BigInt(this.below(4)) - 1n));
    }
    const tensor = this.#native.fromBytes(bytes, shape, dtype);
    if (differentiable.includes(dtype) && this.chance(0.2)) this.#native.setRequiresGrad(tensor, true);
    return tensor;
  }

  /** A value of the type that a schema spells, e.g. `int[2]` or `Tensor?`. */
  ofType(type) {
    const optional = /^Optional\[(.*)\]$/.exec(type) ?? /^(.*)\?$/.exec(type);
    if (optional) return this.chance(0.4) ? null : this.ofType(optional[1]);
    const list = /^(.*)\[\d*\]$/.exec(type) ?? /^List\[(.*)\]$/.exec(type);
    if (list) return Array.from({ length: this.pick([0, 1, 1, 2, 2, 2, 3, 4, 5]) }, () => this.ofType(list[1]));
    return this.#one(type);
  }

  #one(type) {
    switch (type) {
      case 'Tensor':
        return this.pick(this.#pool);
      case 'int':
      case 'SymInt':
        return this.pick(this.chance(0.8) ? integers : wildIntegers);
      case 'float':
        return this.pick(numbers);
      case 'number':
      case 'Scalar':
        return this.pick(this.chance(0.5) ? integers : numbers);
      case 'bool':
        return this.chance(0.5);
      case 'str':
        return this.pick(strings);
      case 'Device':
        return this.chance(0.7) ? 'cpu' : this.pick(strings);
      case 'Generator':
        return this.pick(this.#generators);
      case 'ScalarType':
        return this.pick(dtypes);
      case 'Layout':
      case 'MemoryFormat':
        return this.pick([0, 0, 1, 2, 3]);
      case 'TypedArray':
        return this.pick([
          new Uint8Array(this.below(9)),
          new Float32Array(this.below(4)),
          new BigInt64Array(this.below(4)),
        ]);
      default:
        return this.wrong(); // what JavaScript cannot give: packed parameters, process groups, streams
    }
  }

  /** A value of any kind, seldom the right one. */
  wrong() {
    return this.pick([
      () => undefined,
      () => null,
      () => true,
      () => this.pick(numbers),
      () => this.pick(strings),
      () => this.pick(wildIntegers),
      () => ({}),
      () => [],
      () => [[]],
      () => [null],
      () => [this.pick(this.#pool), 'x'],
      () => () => 1,
      () => Symbol('s'),
      () => 10n ** 30n,
      () => this.#freed,
      () => -1,
      () => 2 ** 32,
      () => new Float32Array(3),
      () => new Array(2 ** 32 - 1),
      () => new Proxy([], {}),
    ])();
  }
}
