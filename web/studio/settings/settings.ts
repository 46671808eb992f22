// What images are asked for with: the form's values, the same as a link's query, and as a request. A link says everything, so that it makes the
// same images whatever the defaults become.
import type { GenerationInput, Model, ModelDetails, Scale, Scales } from '../../../src/studio/api/index.js';

export type PerScale = number | number[];

/** A class of a mixture, by its label. */
export interface Mixed {
  label: number;
  weight: number;
}

/** Classes that a mixture may have beside the first. */
export const mostMixed = 15;

/** Largest weight of a class. */
export const mostWeight = 1000;

/** The values of the form. */
export interface Settings {
  /** Names of the models that draw, the first one's scales and classes being chosen from. */
  models: string[];
  /** Label of the class; null for none. */
  label: number | null;
  /** Other classes that it is mixed with, each with its weight; its own weight is 1. Empty where there is no class. */
  mix: Mixed[];
  seed: number;
  count: number;
  cfg: number;
  guidance: 'ramp' | 'constant' | number[];
  topK: PerScale;
  topP: PerScale;
  temperature: PerScale;
  scales: Scales;
  /** Takes the most probable token where the family's published sampler does so. */
  greedy: boolean;
  smooth: boolean;
}

/** The values that a model begins with. */
export function defaultSettings(model: Model): Settings {
  const { defaults, scales } = model.scalewise;
  return { models: [model.id], label: 0, mix: [], seed: 1, count: 1, ...defaults, scales, greedy: false };
}

/** Height and width of a scale. */
export const sidesOf = (scale: Scale): [height: number, width: number] =>
  typeof scale === 'number' ? [scale, scale] : scale;

/** A scale for people: `5 × 5`. */
export const scaleName = (scale: Scale): string => sidesOf(scale).join(' × ');

/** `1,2,3,4x6`. */
export const scalesText = (scales: Scales): string =>
  scales.map((scale) => (typeof scale === 'number' ? `${scale}` : scale.join('x'))).join(',');

/** What `scalesText` writes. @throws Error with a sentence for people */
export function parseScales(text: string): Scales {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const [, height, width] = /^(\d{1,4})(?:\s*[x×]\s*(\d{1,4}))?$/.exec(part) ?? [];
      if (height === undefined || Number(height) === 0 || Number(width ?? 1) === 0)
        throw new Error(`Expected sides such as 1, 2, 3, 4x6, found “${part}”.`);
      return width === undefined ? Number(height) : [Number(height), Number(width)];
    });
}

/** One number, or several with commas between them. */
export const numbersText = (value: PerScale): string => (typeof value === 'number' ? `${value}` : value.join(', '));

/** What `numbersText` writes. @throws Error with a sentence for people */
export function parseNumbers(text: string): PerScale {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.some(Number.isNaN)) throw new Error('Expected a number, or one a scale with commas between them.');
  return numbers.length === 1 ? numbers[0]! : numbers;
}

/** Whether two lists of scales are the same. */
export const sameScales = (a: Scales, b: Scales): boolean => scalesText(a) === scalesText(b);

/** The weight of guidance at each scale, as the model of a ramp has it: of a list, itself. */
export function weightsOf(
  { cfg, guidance, scales }: Pick<Settings, 'cfg' | 'guidance' | 'scales'>,
  { steps, fullAbove }: ModelDetails['ramp'],
): number[] {
  if (typeof guidance !== 'string') return guidance;
  const last = Math.min(scales.length - 1, steps ?? Infinity);
  const weight = (scale: Scale, i: number) => {
    if (guidance === 'constant') return Math.max(0, cfg - 1);
    if (Math.max(...sidesOf(scale)) > (fullAbove ?? Infinity)) return cfg;
    return last === 0 ? 0 : (cfg * i) / last;
  };
  return scales.map((scale, i) => Math.round(weight(scale, i) * 100) / 100);
}

/** The body of the request. */
export function requestOf(settings: Settings): GenerationInput {
  const { label, mix, greedy, ...rest } = settings;
  const mixed = label !== null && mix.length > 0;
  const choice = mixed ? [{ label, weight: 1 }, ...mix].map((one): [number, number] => [one.label, one.weight]) : label;
  return { ...rest, class: choice, ...(greedy && { greedy: 'published' as const }) };
}

/** The query of a link that makes the same images. */
export function queryOf(settings: Settings, { scalewise }: Model): string {
  const query = new URLSearchParams(settings.models.map((id) => ['model', id]));
  const { label, guidance } = settings;
  query.set('class', label === null ? 'none' : nameOf(label, scalewise.classes));
  for (const one of label === null ? [] : settings.mix)
    query.append('mix', `${nameOf(one.label, scalewise.classes)}:${one.weight}`);
  for (const name of ['seed', 'count', 'cfg'] as const) query.set(name, `${settings[name]}`);
  query.set('guidance', typeof guidance === 'string' ? guidance : guidance.join(','));
  for (const name of ['topK', 'topP', 'temperature'] as const) {
    const value = settings[name];
    query.set(name, typeof value === 'number' ? `${value}` : value.join(','));
  }
  query.set('scales', scalesText(settings.scales));
  if (settings.greedy) query.set('greedy', 'published');
  if (settings.smooth) query.set('smooth', '1');
  return `?${query.toString().replaceAll('%2C', ',')}`;
}

/** A class as a link says it: its name where that is one class's alone. */
function nameOf(label: number, classes: readonly string[]): string {
  const name = classes[label];
  const plain = name !== undefined && name !== 'none' && !/^\d+$/.test(name);
  return plain && classes.indexOf(name) === classes.lastIndexOf(name) ? name : `${label}`;
}

/** What a link asks for. */
export interface Asked {
  settings: Settings;
  /** Whether it says enough to draw at once. */
  complete: boolean;
  /** What of it could not be had, in sentences. */
  problems: string[];
}

/** What numbers a link may ask for, and whether they are whole. */
const bounds = {
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER - 16, whole: true },
  count: { least: 1, most: 16, whole: true },
  cfg: { least: 0, most: 20, whole: false },
};

function boundedOf(text: string, { least, most, whole }: (typeof bounds)[keyof typeof bounds]): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new Error(`Expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}, found “${text}”.`);
}

/** Reads a link's query. What it leaves out, or says wrongly, is the model's default. */
export function settingsOf(search: string, models: readonly [Model, ...Model[]]): Asked {
  const query = new URLSearchParams(search);
  const problems: string[] = [];
  const wanted = query.getAll('model');
  const known = wanted.filter((id) => models.some((model) => model.id === id));
  for (const id of wanted) if (!known.includes(id)) problems.push(`There is no model “${id}” here.`);
  const model = models.find(({ id }) => id === known[0]) ?? models[0];
  const settings = defaultSettings(model);
  if (known.length) settings.models = [...new Set(known)].slice(0, 2);

  const take = (name: string, read: (text: string) => void) => {
    const text = query.get(name);
    if (text === null) return;
    try {
      read(text);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  take('class', (text) => (settings.label = labelOf(text, model.scalewise.classes)));
  take('mix', () => (settings.mix = query.getAll('mix').map((text) => mixedOf(text, model.scalewise.classes))));
  for (const name of ['seed', 'count', 'cfg'] as const)
    take(name, (text) => (settings[name] = boundedOf(text, bounds[name])));
  for (const name of ['topK', 'topP', 'temperature'] as const)
    take(name, (text) => (settings[name] = parseNumbers(text)));
  take('guidance', (text) => {
    const weights = text === 'ramp' || text === 'constant' ? text : parseNumbers(text);
    settings.guidance = typeof weights === 'number' ? [weights] : weights;
  });
  take('scales', (text) => (settings.scales = parseScales(text)));
  take('greedy', (text) => (settings.greedy = text === 'published'));
  take('smooth', (text) => (settings.smooth = text === '1'));
  return { settings, complete: query.has('class') && problems.length === 0, problems };
}

function mixedOf(text: string, classes: readonly string[]): Mixed {
  const [, name, weight] = /^(.+):([\d.]+)$/.exec(text) ?? [];
  const label = name === undefined ? null : labelOf(name, classes);
  if (label === null || !(Number(weight) > 0 && Number(weight) <= mostWeight))
    throw new Error(`Expected a class and its weight such as 3:0.5, found “${text}”.`);
  return { label, weight: Number(weight) };
}

function labelOf(text: string, classes: readonly string[]): number | null {
  if (text === 'none') return null;
  const label = /^\d+$/.test(text) ? Number(text) : classes.indexOf(text);
  if (label < 0 || label >= classes.length) throw new Error(`There is no class “${text}”.`);
  return label;
}
