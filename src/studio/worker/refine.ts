// What a worker tells of refinements: the presets and settings that the command line has, and whether some settings are right.
import { z } from 'zod';
import { refinePresets, refineSettings } from '../../recipes/index.js';
import { resolveSettings } from '../../util/settings.js';
import type { RefinementOptions, SettingField } from '../api/index.js';

/** The parts of a JSON schema that are looked at. */
interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema | boolean;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
}

const kinds: Readonly<Record<string, SettingField['kind']>> = { integer: 'integer', number: 'number', boolean: 'boolean', array: 'list' }; // prettier-ignore

/** Whether some text of any content stands anywhere in it: such settings name files, folders or devices. */
function hasFreeText(schema: Schema): boolean {
  if (schema.type === 'string') return schema.enum === undefined && schema.const === undefined;
  const { properties = {}, items, prefixItems = [], anyOf = [], oneOf = [] } = schema;
  const parts = [...Object.values(properties), ...prefixItems, ...anyOf, ...oneOf];
  return [...parts, ...(typeof items === 'object' ? [items] : [])].some(hasFreeText);
}

/** A number that bounds something; those at the end of what numbers hold bound nothing. */
const bound = (value: number | undefined) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;

function fieldOf(path: string, given: Schema): SettingField {
  const branches = given.anyOf ?? [];
  const nullable = branches.some(({ type }) => type === 'null');
  const schema = nullable ? (branches.find(({ type }) => type !== 'null') ?? given) : given;
  const kind = schema.enum ? 'choice' : (kinds[schema.type ?? ''] ?? 'text');
  const { minimum, exclusiveMinimum, maximum } = schema;
  return {
    path,
    kind,
    nullable,
    ...(schema.enum && { options: schema.enum.map(String) }),
    ...(bound(minimum) && { least: minimum! }),
    ...(bound(exclusiveMinimum) && { above: exclusiveMinimum! }),
    ...(bound(maximum) && { most: maximum! }),
  };
}

function fieldsOf({ properties = {} }: Schema, prefix = ''): SettingField[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = prefix + key;
    if (schema.properties) return fieldsOf(schema, `${path}.`);
    return hasFreeText(schema) ? [] : [fieldOf(path, schema)];
  });
}

/** The settings that may be given: all but those that name something of the file system or a device. */
function settingFields(): SettingField[] {
  return fieldsOf(z.toJSONSchema(refineSettings, { io: 'input' }) as Schema);
}

function valueAt(settings: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], settings);
}

/** Presets with every setting, and what may be set over them. */
export function refinementChoices(): Pick<RefinementOptions, 'presets' | 'fields'> {
  const fields = settingFields();
  const presets = Object.keys(refinePresets).map((name) => {
    const settings = resolveSettings('refine', refineSettings, refinePresets, { preset: name, direct: { data: '-', generator: '-' } }); // prettier-ignore
    const values = fields.flatMap(({ path }) => {
      const value = valueAt(settings, path);
      return value === undefined ? [] : [[path, value] as const];
    });
    return { name, values: Object.fromEntries(values) };
  });
  return { presets, fields };
}

/** Settings of a refinement, as the command line takes them. */
export interface RefinementAsk {
  preset: string;
  set: readonly string[];
}

/** @throws UsageError where the command line would refuse them, or they are not to be given here */
export function checkRefinement({ preset, set }: RefinementAsk): void {
  resolveSettings('refine', refineSettings, refinePresets, { preset, set, direct: { data: '-', generator: '-' } });
}
