// The operations of pickle protocols 0 to 5, by their codes. Names are those of Python's pickletools.
import type { Machine } from './machine.js';
import { longInteger, textFloat, textInteger } from './numbers.js';
import { quotedString, rawUnicode } from './textStrings.js';
import { describe, PickledDict, PickledFloat, PickledObject, PickledSet, PickledTuple, type Value } from './values.js';

type Operation = (machine: Machine) => void;
const latin1 = (bytes: Buffer) => bytes.toString('latin1');
const lineOf = (machine: Machine) => latin1(machine.bytes.line());

/** A length of 1, 4 or 8 bytes, and as many bytes. */
function counted(machine: Machine, width: 1 | 4 | 8): Buffer {
  const length = machine.bytes.take(width);
  return machine.bytes.take(width === 8 ? length.readBigUInt64LE() : length.readUIntLE(0, width));
}

function setItems(machine: Machine, items: readonly Value[]): void {
  const target = machine.top();
  if (!(target instanceof PickledDict)) return machine.refuse(`it sets an item of ${describe(target)}`);
  if (items.length % 2) machine.refuse('a key has no value');
  for (let i = 0; i < items.length; i += 2) target.entries.set(machine.key(items[i]!), items[i + 1]!);
}

function append(machine: Machine, items: readonly Value[]): void {
  const target = machine.top();
  if (!Array.isArray(target)) return machine.refuse(`it appends to ${describe(target)}`);
  for (const item of items) target.push(item);
}

function addToSet(machine: Machine, set: Value, items: readonly Value[]): void {
  if (!(set instanceof PickledSet)) return machine.refuse(`it adds an element to ${describe(set)}`);
  for (const item of items) set.items.add(machine.key(item));
}

function build(machine: Machine): void {
  const state = machine.pop();
  const target = machine.top();
  if (target instanceof PickledObject && target.build) target.build(state, machine);
  else if (!(target instanceof PickledDict) || target.build === 'refuse')
    machine.refuse(`it gives attributes to ${describe(target)}`);
  else if (!(state instanceof PickledDict)) machine.refuse(`${describe(state)} stands for attributes`);
  else if (target.build === 'merge') {
    machine.spend(state.size);
    for (const [key, value] of state.size ? state.entries : []) target.entries.set(key, value);
  }
}

function tuple(machine: Machine, length: number): void {
  const items: Value[] = [];
  for (let i = 0; i < length; i++) items.unshift(machine.pop());
  machine.pushNew(new PickledTuple(items));
}

function newObject(machine: Machine, keywords: boolean): void {
  const named = keywords ? machine.pop() : undefined;
  const args = machine.pop();
  if (named !== undefined && !(named instanceof PickledDict && named.size === 0))
    machine.refuse('it calls with named arguments');
  machine.push(machine.call(machine.pop(), args, true));
}

function stackGlobal(machine: Machine): void {
  const [name, module] = [machine.pop(), machine.pop()];
  if (typeof name !== 'string' || typeof module !== 'string')
    return machine.refuse(`it names a global by ${describe(module)} and ${describe(name)}`);
  machine.push(machine.global(module, name));
}

/** MARK arguments INST: a global named in text, called with them. */
function instance(machine: Machine): void {
  const [module, name] = [machine.text(machine.bytes.line()), machine.text(machine.bytes.line())];
  const callee = machine.global(module, name);
  machine.push(machine.call(callee, new PickledTuple(machine.popMark())));
}

/** MARK class arguments OBJ. */
function object(machine: Machine): void {
  const [callee, ...args] = machine.popMark();
  if (callee === undefined) return machine.refuse('it calls nothing');
  machine.push(machine.call(callee, new PickledTuple(args)));
}

function integerLine(machine: Machine): void {
  const line = lineOf(machine);
  machine.push(line === '00' ? false : line === '01' ? true : textInteger(machine, line));
}

function pop(machine: Machine): void {
  if (machine.markOnTop()) machine.popMark();
  else machine.pop();
}

function protocol(machine: Machine): void {
  const version = machine.bytes.byte();
  if (version > 5) machine.refuse(`it is of protocol ${version}, 0 to 5 are known`);
}

function frame(machine: Machine): void {
  const length = machine.bytes.take(8).readBigUInt64LE();
  if (length > machine.bytes.left) machine.refuse(`a frame of ${length} bytes, ${machine.bytes.left} are left`);
}

const index = (machine: Machine) => {
  const found = textInteger(machine, lineOf(machine));
  return typeof found === 'number' ? found : machine.refuse('a memo has a huge number');
};
const u8 = (machine: Machine) => machine.bytes.byte();
const u32 = (machine: Machine) => machine.bytes.take(4).readUInt32LE();
const remember = (number: (machine: Machine) => number) => (machine: Machine) => {
  machine.remember(number(machine), machine.top());
};
const recall = (number: (machine: Machine) => number) => (machine: Machine) => {
  machine.push(machine.recall(number(machine)));
};
const constant = (value: Value) => (machine: Machine) => {
  machine.push(value);
};
const text = (width: 1 | 4 | 8) => (machine: Machine) => {
  machine.push(machine.text(counted(machine, width)));
};
const bytes = (width: 1 | 4 | 8) => (machine: Machine) => {
  machine.pushNew(Uint8Array.from(counted(machine, width)));
};
const long = (width: 1 | 4) => (machine: Machine) => {
  machine.push(longInteger(machine, counted(machine, width)));
};
const refused = (what: string) => (machine: Machine) => machine.refuse(`it uses ${what}`);

// prettier-ignore
const table: [code: string | number, name: string, operation: Operation][] = [
  ['(', 'MARK', (m) => { m.mark(); }],
  ['0', 'POP', pop],
  ['1', 'POP_MARK', (m) => { m.popMark(); }],
  ['2', 'DUP', (m) => { m.push(m.top()); }],
  ['F', 'FLOAT', (m) => { m.push(new PickledFloat(textFloat(m, lineOf(m)))); }],
  ['I', 'INT', integerLine],
  ['J', 'BININT', (m) => { m.push(m.bytes.take(4).readInt32LE()); }],
  ['K', 'BININT1', (m) => { m.push(m.bytes.byte()); }],
  ['L', 'LONG', (m) => { m.push(textInteger(m, lineOf(m).replace(/L$/, ''))); }],
  ['M', 'BININT2', (m) => { m.push(m.bytes.take(2).readUInt16LE()); }],
  ['N', 'NONE', constant(null)],
  ['P', 'PERSID', (m) => { m.push(m.persistent(m.text(m.bytes.line()))); }],
  ['Q', 'BINPERSID', (m) => { m.push(m.persistent(m.pop())); }],
  ['R', 'REDUCE', (m) => { const args = m.pop(); m.push(m.call(m.pop(), args)); }],
  ['S', 'STRING', (m) => { m.push(quotedString(m, lineOf(m))); }],
  ['T', 'BINSTRING', text(4)],
  ['U', 'SHORT_BINSTRING', text(1)],
  ['V', 'UNICODE', (m) => { m.push(rawUnicode(m, lineOf(m))); }],
  ['X', 'BINUNICODE', text(4)],
  ['a', 'APPEND', (m) => { append(m, [m.pop()]); }],
  ['b', 'BUILD', build],
  ['c', 'GLOBAL', (m) => { const module = m.text(m.bytes.line()); m.push(m.global(module, m.text(m.bytes.line()))); }],
  ['d', 'DICT', (m) => { const items = m.popMark(); m.pushNew(new PickledDict()); setItems(m, items); }],
  ['}', 'EMPTY_DICT', (m) => { m.pushNew(new PickledDict()); }],
  ['e', 'APPENDS', (m) => { append(m, m.popMark()); }],
  ['g', 'GET', recall(index)],
  ['h', 'BINGET', recall(u8)],
  ['i', 'INST', instance],
  ['j', 'LONG_BINGET', recall(u32)],
  ['l', 'LIST', (m) => { m.pushNew(m.popMark()); }],
  [']', 'EMPTY_LIST', (m) => { m.pushNew([]); }],
  ['o', 'OBJ', object],
  ['p', 'PUT', remember(index)],
  ['q', 'BINPUT', remember(u8)],
  ['r', 'LONG_BINPUT', remember(u32)],
  ['s', 'SETITEM', (m) => { const value = m.pop(); setItems(m, [m.pop(), value]); }],
  ['t', 'TUPLE', (m) => { m.pushNew(new PickledTuple(m.popMark())); }],
  [')', 'EMPTY_TUPLE', (m) => { tuple(m, 0); }],
  ['u', 'SETITEMS', (m) => { setItems(m, m.popMark()); }],
  ['G', 'BINFLOAT', (m) => { m.push(new PickledFloat(m.bytes.take(8).readDoubleBE())); }],
  ['B', 'BINBYTES', bytes(4)],
  ['C', 'SHORT_BINBYTES', bytes(1)],
  [0x80, 'PROTO', protocol],
  [0x81, 'NEWOBJ', (m) => { newObject(m, false); }],
  [0x82, 'EXT1', refused('an extension code')],
  [0x83, 'EXT2', refused('an extension code')],
  [0x84, 'EXT4', refused('an extension code')],
  [0x85, 'TUPLE1', (m) => { tuple(m, 1); }],
  [0x86, 'TUPLE2', (m) => { tuple(m, 2); }],
  [0x87, 'TUPLE3', (m) => { tuple(m, 3); }],
  [0x88, 'NEWTRUE', constant(true)],
  [0x89, 'NEWFALSE', constant(false)],
  [0x8a, 'LONG1', long(1)],
  [0x8b, 'LONG4', long(4)],
  [0x8c, 'SHORT_BINUNICODE', text(1)],
  [0x8d, 'BINUNICODE8', text(8)],
  [0x8e, 'BINBYTES8', bytes(8)],
  [0x8f, 'EMPTY_SET', (m) => { m.pushNew(new PickledSet()); }],
  [0x90, 'ADDITEMS', (m) => { const items = m.popMark(); addToSet(m, m.top(), items); }],
  [0x91, 'FROZENSET', (m) => { const set = new PickledSet(); addToSet(m, set, m.popMark()); m.pushNew(set); }],
  [0x92, 'NEWOBJ_EX', (m) => { newObject(m, true); }],
  [0x93, 'STACK_GLOBAL', stackGlobal],
  [0x94, 'MEMOIZE', (m) => { m.remember(m.memo.size, m.top()); }],
  [0x95, 'FRAME', frame],
  [0x96, 'BYTEARRAY8', bytes(8)],
  [0x97, 'NEXT_BUFFER', refused('a buffer outside itself')],
  [0x98, 'READONLY_BUFFER', refused('a buffer outside itself')],
];

/** What to do for each code; STOP is the machine's. */
export const operations: ReadonlyMap<number, Operation> = new Map(
  table.map(([code, , operation]) => [typeof code === 'string' ? code.charCodeAt(0) : code, operation]),
);
