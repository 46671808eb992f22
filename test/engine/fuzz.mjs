// The child of fuzz.test.ts: throws seeded random calls at the native addon itself, below every check that TypeScript makes.
//   node fuzz.mjs ADDON SEED CALLS PROGRESS
// The file PROGRESS always holds the call that is being made, so that a crash can be named. Prints one line of JSON about what came out.
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { RandomValues } from './randomValues.mjs';

const [, , addon, seed, calls, progressFile] = process.argv;
const native = createRequire(import.meta.url)(addon);
class TorchError extends Error {}
native.setErrorClass(TorchError);
native.setThreads(1);
native.setAllocationLimit(2 ** 28);

/** The native functions beside `call`, with the kinds of their arguments; `resolve` of unchecked operators is left out. */
const entries = {
  fromBytes: ['TypedArray', 'int[]', 'ScalarType'],
  aliasBytes: ['TypedArray', 'int[]', 'ScalarType'],
  bytes: ['Tensor'],
  item: ['Tensor'],
  shape: ['Tensor'],
  strides: ['Tensor'],
  elementCount: ['Tensor'],
  dtype: ['Tensor'],
  device: ['Tensor'],
  isContiguous: ['Tensor', 'MemoryFormat'],
  duplicate: ['Tensor'],
  storageBytes: ['Tensor'],
  liveTensors: [],
  liveBytes: [],
  backward: ['Tensor[]', 'Tensor[]?', 'bool'],
  gradients: ['Tensor[]', 'Tensor[]', 'Tensor[]?', 'bool', 'bool'],
  gradient: ['Tensor'],
  setGradient: ['Tensor', 'Tensor?'],
  requiresGrad: ['Tensor'],
  setRequiresGrad: ['Tensor', 'bool'],
  setGradMode: ['bool'],
  setAutocast: ['Device', 'bool', 'ScalarType'],
  clearAutocastCache: [],
  createGenerator: ['Device', 'int'],
  generatorState: ['Generator'],
  setGeneratorState: ['Generator', 'Tensor'],
  setThreads: ['int'],
  threads: [],
  information: [],
  trimMemory: [],
  schema: ['str'],
  signature: ['str'],
  resolve: ['str', 'str[]'],
  call: ['str', 'Tensor'],
  run: ['float', 'Tensor'],
};
/** Functions whose result is a tensor, or a list of them. */
const makesTensors = new Set('fromBytes aliasBytes duplicate gradients gradient generatorState'.split(' '));

/** Functions whose errors name the operator that they were asked for. */
const speaksOfOperators = new Set('resolve signature call run'.split(' '));

const values = new RandomValues(native, Number(seed));
const progress = openSync(progressFile, 'w');
const outcome = {
  results: 0,
  torchErrors: 0,
  typeErrors: 0,
  operators: 0,
  entryCalls: 0,
  peakMegabytes: 0,
  faults: [],
};
const fault = (text) => {
  if (outcome.faults.length < 20) outcome.faults.push(text);
};

/** A replacer for JSON, which has no bigints and should not have long lists. */
function spelled(_, value) {
  if (Array.isArray(value) && value.length > 100) return `${value.length} elements`;
  return typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function' ? String(value) : value;
}

function record(number, name, args) {
  const line = Buffer.alloc(2000, ' ');
  line.write(`${number} ${name} ${JSON.stringify(args, spelled)}`);
  writeSync(progress, line, 0, line.length, 0);
}

/** Arguments of these types; three in ten calls hold wrong ones, too few or too many. */
function drawArguments(types) {
  const hostile = values.chance(0.3);
  const args = types.map((type) => (hostile && values.chance(0.3) ? values.wrong() : values.ofType(type)));
  if (hostile && values.chance(0.1)) args.pop();
  if (hostile && values.chance(0.05)) args.push(1);
  return args;
}

/** Frees what came back where a schema says that it is tensors. */
function disposeResult(result, type) {
  if (Array.isArray(result)) for (const one of result) disposeResult(one, type);
  else if (type.includes('Tensor') && typeof result === 'number') values.dispose(result);
}

/** Frees what an operator with these results returned. */
function disposeResults(result, results) {
  if (results.length === 1) disposeResult(result, results[0][1]);
  else results.forEach(([, type], i) => disposeResult(result[i], type));
}

function judge(name, error) {
  if (error instanceof TorchError) outcome.torchErrors++;
  else if (error instanceof TypeError) outcome.typeErrors++;
  else fault(`${name}: an error of another class: ${String(error)}`);
  if (!error.message.includes(name) && !speaksOfOperators.has(name))
    fault(`${name}: an error that does not name it: ${error.message.slice(0, 200)}`);
}

const operators = native
  .operatorNames()
  .sort()
  .map((name) => ({ name, id: undefined, signature: native.signature(name) }));
outcome.operators = operators.length;

function callOperator(number) {
  const operator = operators[(number + Number(seed) * 7919) % operators.length];
  const [parameters, results] = operator.signature;
  const args = drawArguments(parameters.map(([, type]) => type));
  record(number, operator.name, args);
  try {
    operator.id ??= native.resolve(operator.name);
    const result = native.call(operator.id, ...args);
    outcome.results++;
    disposeResults(result, results);
  } catch (error) {
    judge(operator.name, error);
  }
}

function callEntry(number) {
  const name = values.pick(Object.keys(entries));
  const args = drawArguments(entries[name]);
  outcome.entryCalls++;
  record(number, name, args);
  try {
    const result = native[name](...args);
    outcome.results++;
    if (makesTensors.has(name)) disposeResult(result, 'Tensor');
    if (name === 'call') disposeResults(result, operators.find(({ id }) => id === args[0]).signature[1]);
    if (name === 'createGenerator') native.freeGenerator(result);
  } catch (error) {
    judge(name, error);
  }
  native.setThreads(1);
  native.setGradMode(true);
  native.setAutocast('cpu', false, 15);
}

for (let i = 0; i < Number(calls); i++) {
  if (i % 200 === 0) values.renew();
  const live = native.liveTensors();
  if (values.chance(0.1)) callEntry(i);
  else callOperator(i);
  if (native.liveTensors() !== live) fault(`call ${i} leaves ${native.liveTensors() - live} tensors`);
  if (i % 100 === 0) outcome.peakMegabytes = Math.max(outcome.peakMegabytes, process.memoryUsage().rss / 2 ** 20);
}
console.log(JSON.stringify(outcome));
