// From operator schemas to TypeScript: pure text, no libtorch here.
// A name with several overloads becomes one function with the first overload's arguments; the others are told apart by the kinds of value given.

/** `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` taken apart. */
export function parseSchema(text) {
  const match = /^([\w:]+)(?:\.(\w+))?\((.*)\) -> (.*)$/.exec(text);
  if (!match) throw new Error(`unreadable schema: ${text}`);
  const [, base, overload = '', inside, returns] = match;
  const args = [];
  let keywordOnly = false;
  for (const part of splitTopLevel(inside)) {
    if (part === '*') {
      keywordOnly = true;
      continue;
    }
    const found = /^(.*\S)\s+(\w+)(?:=(.*))?$/.exec(part);
    const type = found[1].replace(/\([a-z]!?(?: -> \*)?\)/g, '');
    args.push({
      name: found[2],
      type,
      mutated: /\([a-z]!\)/.test(found[1]),
      hasDefault: found[3] !== undefined,
      keywordOnly,
    });
  }
  const results = splitTopLevel(returns.replace(/^\((.*)\)$/, '$1')).map((one) => ({
    type: one.replace(/\([a-z]!?(?: -> \*)?\)/g, '').replace(/\s+\w+$/, ''),
    alias: /\([a-z]!\)/.test(one),
  }));
  return { full: overload ? `${base}.${overload}` : base, base: base.replace(/^\w+::/, ''), text, args, results };
}

function splitTopLevel(text) {
  const parts = [];
  let depth = 0;
  let current = '';
  for (const c of text) {
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c)) depth--;
    if (c === ',' && depth === 0) {
      parts.push(current.trim());
      current = '';
    } else current += c;
  }
  if (current.trim()) parts.push(current.trim());
  return parts;
}

const camel = (name) => name.replace(/_+$/, '').replace(/_(\w)/g, (_, c) => c.toUpperCase()) || name;

/** TypeScript type of an argument, how it is passed on, and how to recognise it. */
function argumentForm(type) {
  const optional = type.endsWith('?');
  const plain = optional ? type.slice(0, -1) : type;
  const list = /^(.*)\[(\d*)\]$/.exec(plain);
  const or = (ts) => (optional ? `${ts} | null` : ts);
  if (list) {
    const [, element, length] = list;
    if (element === 'Tensor')
      return {
        ts: or('readonly TensorOperators[]'),
        pass: (x) => (optional ? `${x} && handles(${x})` : `handles(${x})`),
        test: 'array',
      };
    if (element === 'Tensor?')
      return {
        ts: 'readonly (TensorOperators | null | undefined)[]',
        pass: (x) => `optionalHandles(${x})`,
        test: 'array',
      };
    const scalar = { bool: 'boolean', str: 'string' }[element] ?? 'number';
    return {
      ts: or(length ? `${scalar} | readonly ${scalar}[]` : `readonly ${scalar}[]`),
      pass: (x) => x,
      test: 'array',
    };
  }
  const pass = (convert) => (x) => (optional ? convert(x, true) : convert(x, false));
  switch (plain) {
    case 'Tensor':
      return { ts: or('TensorOperators'), pass: pass((x, o) => (o ? `${x}?.handle` : `${x}.handle`)), test: 'tensor' };
    case 'Generator':
      return { ts: or('Handled'), pass: (x) => `${x}?.handle`, test: 'object' };
    case 'ScalarType':
      return { ts: or('DType'), pass: (x) => `dtypeCode(${x} ?? undefined)`, test: 'string' };
    case 'MemoryFormat':
      return { ts: or('MemoryFormat'), pass: (x) => `memoryFormatCode(${x} ?? undefined)`, test: 'string' };
    case 'Device':
    case 'str':
      return { ts: or('string'), pass: (x) => x, test: 'string' };
    case 'bool':
      return { ts: or('boolean'), pass: (x) => x, test: 'boolean' };
    case 'Scalar':
      return { ts: or('number | boolean'), pass: (x) => x, test: 'number' };
    case 'int':
    case 'SymInt':
    case 'float':
      return { ts: or('number'), pass: (x) => x, test: 'number' };
    default:
      return { ts: or('number'), pass: (x) => x, test: 'number' };
  }
}

function resultForm(schema) {
  const { results } = schema;
  if (results.length === 0) return { ts: 'void', wrap: (call) => call };
  if (results.length === 1) {
    const [{ type }] = results;
    if (type === 'Tensor') return { ts: 'Tensor', wrap: (call) => `wrap(${call})` };
    if (type === 'Tensor[]') return { ts: 'Tensor[]', wrap: (call) => `wrapList(${call})` };
    const ts = { bool: 'boolean', str: 'string' }[type] ?? 'number';
    return { ts, wrap: (call) => `${call} as ${ts}` };
  }
  if (!results.every((one) => one.type === 'Tensor')) throw new Error(`results of ${schema.full} have no wrapper form`);
  return {
    ts: `[${results.map(() => 'Tensor').join(', ')}]`,
    wrap: (call) => `wrapList(${call}) as [${results.map(() => 'Tensor').join(', ')}]`,
  };
}

const recognise = {
  tensor: (x) => `${x} instanceof TensorOperators`,
  array: (x) => `Array.isArray(${x})`,
  number: (x) => `(typeof ${x} === 'number' || typeof ${x} === 'boolean')`,
  string: (x) => `typeof ${x} === 'string'`,
  boolean: (x) => `typeof ${x} === 'boolean'`,
  object: (x) => `typeof ${x} === 'object'`,
};

const functional = new Set(
  'linear conv2d group_norm layer_norm silu gelu embedding softmax log_softmax mse_loss l1_loss nll_loss kl_div relu leaky_relu softplus adaptive_avg_pool2d avg_pool2d max_pool2d scaled_dot_product_attention one_hot binary_cross_entropy_with_logits dropout'.split(
    ' ',
  ),
);
const methods = new Set('view expand expand_as repeat contiguous copy_ t clone detach'.split(' '));

function documentation({ base }) {
  const page = (name) => `https://docs.pytorch.org/docs/stable/generated/${name}.html`;
  if (base === 'cross_entropy_loss') return page('torch.nn.functional.cross_entropy');
  if (base.startsWith('upsample_')) return page('torch.nn.functional.interpolate');
  if (base === 'constant_pad_nd') return page('torch.nn.functional.pad');
  if (base.startsWith('linalg_')) return page(`torch.linalg.${base.slice('linalg_'.length)}`);
  if (functional.has(base)) return page(`torch.nn.functional.${base}`);
  if (base.startsWith('_') || base.startsWith('native_'))
    return 'https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/native_functions.yaml';
  if (base.endsWith('_') || methods.has(base)) return page(`torch.Tensor.${base}`);
  return page(`torch.${base}`);
}

function wrapper(name, schemas) {
  const [first] = schemas;
  const isMethod = first.args[0]?.name === 'self' && first.args[0].type === 'Tensor';
  const parameters = first.args.map((arg) => {
    const types = new Set();
    for (const schema of schemas) {
      const other = schema.args.find((one) => one.name === arg.name);
      if (other) types.add(argumentForm(other.type).ts);
    }
    const optional = arg.hasDefault || arg.type.endsWith('?');
    return { ...arg, id: safe(camel(arg.name)), ts: [...types].join(' | '), optional };
  });
  // an optional parameter before a required one is required too, but may be null
  const positional = parameters.filter((one) => !one.keywordOnly);
  positional.forEach((one, i) => (one.question = one.optional && positional.slice(i).every((later) => later.optional)));
  const keywords = parameters.filter((one) => one.keywordOnly && one.type !== 'Layout?');
  const signature = (skipSelf) => {
    const list = positional
      .slice(skipSelf ? 1 : 0)
      .map(
        (one) => `${one.id}${one.question ? '?' : ''}: ${one.ts}${one.optional && !one.question ? ' | undefined' : ''}`,
      );
    if (keywords.length) {
      const must = keywords.some((one) => !one.optional);
      list.push(
        `options${must ? '' : '?'}: { ${keywords.map((one) => `${one.id}${one.optional ? '?' : ''}: ${one.ts}`).join('; ')} }`,
      );
    }
    return list.join(', ');
  };
  const inPlace = isMethod && first.args[0].mutated && first.results.length === 1 && first.results[0].alias;
  const result = inPlace ? { ts: 'this', wrap: (call) => call } : resultForm(first);
  const invoke = (schema, index, self) => {
    const passed = schema.args.map((arg) => {
      const parameter = parameters.find((one) => one.name === arg.name);
      if (!parameter || arg.type === 'Layout?') return 'undefined';
      if (self && arg.name === 'self') return `${self}.handle`;
      const value = parameter.keywordOnly ? `options?.${parameter.id}` : parameter.id;
      const form = argumentForm(arg.type);
      if (!parameter.optional || form.pass('x') === 'x')
        return form.pass(schemas.length > 1 ? cast(value, form.ts) : value);
      return form.pass(value);
    });
    while (passed.at(-1) === 'undefined') passed.pop();
    const operator = constant(name, index);
    return `native.${inPlace || result.ts === 'void' ? 'run' : 'call'}(${operator}.id ?? resolved(${operator})${passed.map((one) => `, ${one}`).join('')})`;
  };
  const body = (self) => {
    const lines = [];
    schemas.forEach((schema, index) => {
      const call = result.wrap(invoke(schema, index, self));
      const statement = inPlace ? `${call};\n    return this;` : result.ts === 'void' ? `${call};` : `return ${call};`;
      const last = index === schemas.length - 1;
      lines.push(
        last
          ? `    ${statement}`
          : `    if (${condition(schemas, index, parameters)}) {\n      ${statement.replace(/\n/g, '\n  ')}\n    }`,
      );
    });
    return lines.join('\n');
  };
  const doc = `/** ${schemas.map((one) => `\`${one.text}\``).join(' · ')} ${documentation(first)} */`;
  const method = isMethod ? `  ${doc}\n  ${name}(${signature(true)}): ${result.ts} {\n${body('this')}\n  }\n` : '';
  const asFunction = isMethod
    ? `${doc}\nexport function ${safe(name)}(self: TensorOperators${signature(true) && ', '}${signature(true)}): ${inPlace ? 'void' : result.ts} {\n  ${inPlace ? '' : 'return '}self.${name}(${[...positional.slice(1).map((one) => one.id), ...(keywords.length ? ['options'] : [])].join(', ')});\n}\n`
    : `${doc}\nexport function ${safe(name)}(${signature(false)}): ${result.ts} {\n${body('')}\n}\n`;
  const constants = schemas
    .map(
      (schema, index) =>
        `const ${constant(name, index)}: Operator = { name: '${schema.full}', args: [${schema.args.map((a) => `'${a.name}'`).join(', ')}] };\n`,
    )
    .join('');
  return { method, asFunction, constants };
}

/** Which values single out overload `index` among those after it. */
function condition(schemas, index, parameters) {
  const mine = schemas[index];
  const tests = [];
  for (const arg of mine.args) {
    const form = argumentForm(arg.type);
    const others = schemas.slice(index + 1).map((one) => one.args.find((other) => other.name === arg.name));
    if (others.some((other) => other && argumentForm(other.type).test !== form.test)) {
      const parameter = parameters.find((one) => one.name === arg.name);
      tests.push(recognise[form.test](parameter.keywordOnly ? `options?.${parameter.id}` : parameter.id));
    }
  }
  if (!tests.length) throw new Error(`overloads of ${mine.full} cannot be told apart`);
  return tests.join(' && ');
}

const cast = (value, ts) => (/^\w+$/.test(value) ? `(${value} as ${ts})` : value);
const constant = (name, index) => `${name.toUpperCase()}_${index}`;
const safe = (name) => (['var', 'function', 'delete', 'in', 'where2'].includes(name) ? `${name}_` : name);

/** The whole file, from the table of names and a function that gives an operator's schema. */
export function generate(operators, schemaOf) {
  const wrappers = Object.entries(operators).map(([name, fulls]) =>
    wrapper(
      name,
      fulls.map((full) => {
        const text = schemaOf(full);
        if (!text) throw new Error(`${full}: no such operator`);
        return parseSchema(text);
      }),
    ),
  );
  return `// Generated by scripts/generate-operators.mjs from libtorch's schemas: do not edit. The list is src/torch/operators.json.
/* eslint-disable */
import { handles, optionalHandles, resolved, wrap, wrapList, type Handled, type Operator } from '../boxed.js';
import { dtypeCode, memoryFormatCode, type DType, type MemoryFormat } from '../dtype.js';
import { native, type Handle } from '../native.js';
import type { Tensor } from '../tensor.js';

${wrappers.map((one) => one.constants).join('')}
/** The operators whose first argument is the tensor itself, as methods. */
export abstract class TensorOperators {
  /** Bytes told to the garbage collector; -1 while a scope is in charge. */
  reported = -1;
  /** @param handle the addon's number of the tensor; -1 once freed */
  constructor(public handle: Handle) {}

${wrappers
  .map((one) => one.method)
  .filter(Boolean)
  .join('\n')}}

${wrappers.map((one) => one.asFunction).join('\n')}`;
}
