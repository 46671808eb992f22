// What the unpickler's stack can hold: plain data, and what a table of harmless globals makes. Nothing here can be called into existence by name.
import { quoted } from './quoted.js';

/** Ends the reading with a sentence; `mend` says what to do about it. */
export type Refuse = (what: string, mend?: string) => never;

/** What a dictionary key or a set's element may be. */
export type Key = string | number | bigint | boolean | null;

/** A value of a pickle. Floats are told from integers until they are handed out: a tensor's size must not be one. */
export type Value = Key | Uint8Array | Value[] | PickledTuple | PickledFloat | PickledDict | PickledSet | PickledObject;

export class PickledTuple {
  constructor(readonly items: readonly Value[]) {}
}

export class PickledFloat {
  constructor(readonly value: number) {}
}

export class PickledSet {
  readonly items = new Set<Key>();
}

/** A dictionary, or what is read as one: `build` says what becomes of the attributes that may follow. */
export class PickledDict {
  #entries?: Map<Key, Value>;
  constructor(readonly build: 'refuse' | 'drop' | 'merge' = 'refuse') {}

  /** Made when it is asked for: a pickle of a few bytes could else fill the memory with empty maps. */
  get entries(): Map<Key, Value> {
    return (this.#entries ??= new Map());
  }
  get size(): number {
    return this.#entries?.size ?? 0;
  }
}

/** What a global stands for, or what one made. */
export abstract class PickledObject {
  /** What it is, for sentences. */
  abstract readonly what: string;
  /** Takes the state that follows it in the pickle; most have none. */
  build?(state: Value, machine: Caller): void;
}

/** What a call may do beside computing: pay for its work, and refuse. */
export interface Caller {
  readonly refuse: Refuse;
  /** Counts work against the limit of the file. */
  spend(amount: number): void;
}

/** A function or class of the table of harmless globals. */
export class PickledGlobal extends PickledObject {
  readonly what: string;
  constructor(
    name: string,
    /** Absent where it may only be mentioned, as the type of a default value. */
    readonly call?: (args: readonly Value[], machine: Caller) => Value,
    readonly isClass = true,
  ) {
    super();
    this.what = quoted(name);
  }
}

/** What a value is, for sentences. */
export function describe(value: Value | undefined): string {
  if (value instanceof PickledObject) return value.what;
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (value instanceof PickledFloat) return String(value.value);
  if (typeof value === 'bigint') return 'a huge integer';
  if (typeof value !== 'object') return String(value);
  if (value instanceof PickledTuple) return 'a tuple';
  if (value instanceof PickledDict) return 'a dictionary';
  if (value instanceof PickledSet) return 'a set';
  return Array.isArray(value) ? 'a list' : 'bytes';
}
