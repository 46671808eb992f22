// Classes by name or number, as requests give them.
import { nearestNames } from '../util/suggest.js';
import type { ClassChoice, SettledRequest } from './api/index.js';
import { refuse } from './errors.js';

/** Label of a class's name, in whatever case, or number. @throws StudioError 400 with the nearest names */
export function labelOf(given: string | number, classes: readonly string[], param: string): number {
  if (typeof given === 'number' && given < classes.length) return given;
  const text = String(given).trim();
  const named = classes.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  if (typeof given === 'string' && named >= 0) return named;
  if (/^\d{1,7}$/.test(text) && Number(text) < classes.length) return Number(text);
  const near = nearestNames(text, classes, 5).map((name) => `'${name}'`);
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw refuse(
    param,
    `${param}: '${shown}' is none of the ${classes.length} classes (0 to ${classes.length - 1}); the nearest names are ${near.join(', ')}`,
    'unknown_class',
  );
}

/** A choice of classes by their labels. @throws StudioError 400 */
export function labelsOf(choice: ClassChoice, classes: readonly string[], param: string): SettledRequest['class'] {
  if (choice === null) return null;
  if (!Array.isArray(choice)) return labelOf(choice, classes, param);
  const mixed = choice.map(([one, weight]): [number, number] => [labelOf(one, classes, param), weight]);
  if (!mixed.some(([, weight]) => weight > 0))
    throw refuse(param, `${param}: expected at least one weight above 0 in a mixture of classes`);
  return mixed;
}

/** Labels for people. */
export function classText(label: SettledRequest['class'], classes: readonly string[]): string {
  const name = (one: number) => classes[one] ?? String(one);
  if (label === null) return 'none';
  if (typeof label === 'number') return name(label);
  return label.map(([one, weight]) => `${name(one)} ${weight}`).join(' + ');
}
