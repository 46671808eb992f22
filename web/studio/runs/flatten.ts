// Settings as rows: the leaves of their tree by dotted names.

/** One setting of some runs; undefined where one has none. */
export interface SettingRow {
  setting: string;
  values: unknown[];
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function leaves(tree: Record<string, unknown>, prefix = ''): [name: string, value: unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] =>
    isTree(value) && Object.keys(value).length ? leaves(value, `${prefix}${key}.`) : [[prefix + key, value]],
  );
}

/** The settings of all runs, in the order of the first that has each. */
export function settingRows(configs: readonly Record<string, unknown>[]): SettingRow[] {
  const all = configs.map((config) => new Map(leaves(config)));
  const names = new Set(all.flatMap((one) => [...one.keys()]));
  return Array.from(names, (setting) => ({ setting, values: all.map((one) => one.get(setting)) }));
}

/** A value as YAML has it on one line. */
export function settingText(value: unknown): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(settingText).join(', ')}]`;
  return JSON.stringify(value);
}
