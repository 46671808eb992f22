// Settings from a preset, a file and --set, checked by one schema; mistakes end in a sentence with the nearest right name.
import { existsSync, readFileSync } from 'node:fs';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { UsageError } from './errors.js';
import { expectationOf } from './expectation.js';
import { explainIo } from './files.js';
import { didYouMean } from './suggest.js';

/** Where settings come from, later ones winning. */
export interface SettingSources {
  preset?: string | undefined;
  /** Path of a YAML or JSON file. */
  file?: string | undefined;
  /** `path.to.key=value`, the value as YAML. */
  set?: readonly string[] | undefined;
  /** What the command itself gives, e.g. by its own flags. */
  direct?: Readonly<Record<string, unknown>>;
}

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function merge(base: Plain, over: Plain): Plain {
  const out = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = out[key];
    out[key] = isPlain(before) && isPlain(value) ? merge(before, value) : value;
  }
  return out;
}

function readFile(path: string): Plain {
  if (!existsSync(path)) throw new UsageError(`--config: there is no file ${path}`);
  try {
    const value: unknown = parseYaml(
      explainIo(path, () => readFileSync(path, 'utf8')),
      { maxAliasCount: 100 },
    );
    if (!isPlain(value)) throw new UsageError(`${path}: expected settings as key: value, got something else`);
    return value;
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new UsageError(`${path}: not YAML or JSON: ${error.message.split('\n')[0]}`);
    throw error;
  }
}

function valueOf(assignment: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    const [why] = (error as Error).message.split(/ at line \d|\n/) as [string];
    throw new UsageError(`--set ${assignment}: expected a value as YAML, such as 1e-4, true or [1, 2]; ${why}`);
  }
}

function fromAssignment(text: string): Plain {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set ${text}: expected path=value, e.g. --set optimizer.learningRate=1e-4`);
  let value = valueOf(text, text.slice(at + 1));
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) value = Number(value); // YAML 1.2 wants 1.0e-4
  return text.slice(0, at).split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Plain; // prettier-ignore
}

/** Every dotted key that a schema knows. */
function knownKeys(schema: z.ZodType, prefix = ''): string[] {
  let inner = schema as unknown as {
    def: { type: string; innerType?: z.ZodType; in?: z.ZodType; shape?: Record<string, z.ZodType> };
  };
  while (inner.def.innerType ?? inner.def.in) inner = (inner.def.innerType ?? inner.def.in) as unknown as typeof inner;
  const shape = inner.def.shape ?? {};
  return Object.entries(shape).flatMap(([key, child]) => [prefix + key, ...knownKeys(child, `${prefix}${key}.`)]);
}

function explain(schema: z.ZodType, issue: z.core.$ZodIssue, what: string): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = [...issue.path, issue.keys[0]!].join('.');
    return `${what}: unknown setting '${key}'${didYouMean(key, knownKeys(schema))}`;
  }
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return `${what}: '${path}' is missing; give it with --set ${path}=… or in a --config file`;
  return `${what}: '${path}': ${expectationOf(issue)}`;
}

/**
 * The resolved settings; throws a UsageError that names the first mistake.
 * @param schemaOf the schema, or what chooses it by the settings given (a family has settings of its own)
 */
export function resolveSettings<S extends z.ZodType>(
  what: string,
  schemaOf: S | ((given: Readonly<Record<string, unknown>>) => S),
  presets: Readonly<Record<string, object>>,
  sources: SettingSources,
): z.output<S> {
  let given: Plain = {};
  if (sources.preset !== undefined) {
    const preset = presets[sources.preset];
    if (!preset) {
      const names = Object.keys(presets);
      throw new UsageError(
        `--preset: '${sources.preset}' is none of ${names.join(', ')}${didYouMean(sources.preset, names)}`,
      );
    }
    given = merge(given, preset as Plain);
  }
  if (sources.file !== undefined) given = merge(given, readFile(sources.file));
  for (const assignment of sources.set ?? []) given = merge(given, fromAssignment(assignment));
  const direct = Object.entries(sources.direct ?? {}).filter(([, value]) => value !== undefined);
  given = merge(given, Object.fromEntries(direct));
  const schema = typeof schemaOf === 'function' ? schemaOf(given) : schemaOf;
  const result = schema.safeParse(given, { reportInput: true });
  if (!result.success) throw new UsageError(explain(schema, result.error.issues[0]!, what));
  return result.data;
}
