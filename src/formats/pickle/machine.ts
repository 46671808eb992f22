// The unpickler: a stack machine over the bytes of a pickle, protocols 0 to 5. It makes plain data, and what a given table of globals makes; every
// other global is refused by name where the pickle mentions it, so that there is nothing to call. All that a small file could blow up is counted.
import type { Cursor } from './cursor.js';
import { operations } from './operations.js';
import { quoted } from './quoted.js';
import {
  type Caller,
  describe,
  type Key,
  PickledFloat,
  PickledGlobal,
  PickledTuple,
  type Refuse,
  type Value,
} from './values.js';

const mostWork = 5_000_000;
const mostMarks = 100;
const mostMemos = 1_000_000;
const stop = 0x2e;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a machine may know of the world. */
export interface World {
  /** Harmless globals by `module\nname`. */
  readonly globals: ReadonlyMap<string, Value>;
  /** What a persistent id stands for: PyTorch's are storages. Absent where there are none. */
  readonly persistent?: (id: Value) => Value;
  readonly refuse: Refuse;
  /** What the bytes are counted in, for sentences. */
  readonly where: string;
}

const plainOnly =
  'only tensors and plain data are read, nothing is run; if you trust its source, save its state dict alone';

/** One run over one pickle. */
export class Machine implements Caller {
  readonly stack: Value[] = [];
  readonly memo = new Map<number, Value>();
  readonly #marks: number[] = [];
  #work = 0;
  /** Where the operation that runs begins. */
  at: number;

  constructor(
    readonly bytes: Cursor,
    readonly world: World,
  ) {
    this.at = bytes.position;
  }

  readonly refuse: Refuse = (what, mend) => this.world.refuse(`${what} (byte ${this.at} of ${this.world.where})`, mend);

  /** Counts work: one for each operation, and what it copies. */
  spend(amount: number): void {
    this.#work += amount;
    if (this.#work > mostWork) this.refuse(`it needs more than ${mostWork} steps`);
  }

  /** Runs to the end of the pickle and gives its value. */
  run(): Value {
    for (;;) {
      this.at = this.bytes.position;
      this.spend(1);
      const code = this.bytes.byte();
      if (code === stop) break;
      const operation = operations.get(code);
      if (!operation) return this.refuse(`unknown operation 0x${code.toString(16)}`);
      operation(this);
    }
    if (this.#marks.length > 0 || this.stack.length !== 1)
      this.refuse(`it ends with ${this.stack.length} values on its stack where one was expected`);
    return this.stack[0]!;
  }

  push(value: Value): void {
    this.stack.push(value);
  }

  /** Pushes a new container. */
  pushNew(value: Value): void {
    this.spend(4);
    this.stack.push(value);
  }

  #needValue(): void {
    if (this.stack.length <= (this.#marks.at(-1) ?? 0)) this.refuse('its stack is empty');
  }
  top(): Value {
    this.#needValue();
    return this.stack.at(-1)!;
  }
  pop(): Value {
    this.#needValue();
    return this.stack.pop()!;
  }

  mark(): void {
    if (this.#marks.length === mostMarks) this.refuse(`it nests deeper than ${mostMarks}`);
    this.#marks.push(this.stack.length);
  }
  /** Whether a mark stands on top of the stack. */
  markOnTop(): boolean {
    return this.#marks.at(-1) === this.stack.length;
  }
  popMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.refuse('it has no mark to go back to');
    return this.stack.splice(mark);
  }

  remember(index: number, value: Value): void {
    if (!Number.isSafeInteger(index) || index < 0) this.refuse(`memo ${index} cannot be`);
    if (this.memo.size >= mostMemos && !this.memo.has(index)) this.refuse(`it has more than ${mostMemos} memos`);
    this.memo.set(index, value);
  }
  recall(index: number): Value {
    const value = this.memo.get(index);
    return value === undefined ? this.refuse(`memo ${index} was never set`) : value;
  }

  /** A value as a key of a dictionary. */
  key(value: Value): Key {
    if (value instanceof PickledFloat) return value.value;
    if (value !== null && typeof value === 'object') return this.refuse(`${describe(value)} stands for a key`);
    return value;
  }

  text(bytes: Buffer): string {
    try {
      return utf8.decode(bytes);
    } catch {
      return this.refuse('a text is not UTF-8');
    }
  }

  /** What a global stands for. */
  global(module: string, name: string): Value {
    const found = this.world.globals.get(`${module}\n${name}`);
    if (found === undefined)
      return this.refuse(`expected tensors and plain data, found ${quoted(`${module}.${name}`)}`, plainOnly);
    return found;
  }

  /** Calls what a global stands for: something of the table, or it is refused. */
  call(callee: Value, args: Value, asClass = false): Value {
    if (!(callee instanceof PickledGlobal) || !callee.call || (asClass && !callee.isClass))
      return this.refuse(`it would call ${describe(callee)}`, plainOnly);
    if (!(args instanceof PickledTuple)) return this.refuse(`it gives ${describe(args)} for arguments`);
    this.spend(4);
    return callee.call(args.items, this);
  }

  persistent(id: Value): Value {
    if (!this.world.persistent) return this.refuse(`it refers to ${describe(id)} outside itself`);
    return this.world.persistent(id);
  }
}
