// Numbers as this page writes them.
import type { Unit } from './groups.js';

const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `1,600`. */
export const count = (value: number): string => whole.format(value);

/** `1.6K`, for axes. */
export const short = (value: number): string => compact.format(value);

/** `12.3 MB`. */
export function bytes(value: number): string {
  const names = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1000 ? 0 : Math.min(names.length - 1, Math.floor(Math.log10(value) / 3));
  return `${new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value / 1000 ** power)} ${names[power]}`;
}

/** A metric's value with four digits that count. */
export function figure(value: number, unit: Unit = 'number'): string {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'share') return `${(100 * value).toFixed(1)} %`;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}

/** Of a tick on an axis. */
export function tick(value: number, unit: Unit): string {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'share') return `${Number((100 * value).toPrecision(3))}%`;
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential();
  return size >= 1e4 ? short(value) : String(Number(value.toPrecision(6)));
}

const [minute, hour, day] = [60, 3600, 86_400];

/** `3 minutes ago`. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < minute) return 'just now';
  if (size < hour) return relative.format(Math.round(seconds / minute), 'minute');
  if (size < day) return relative.format(Math.round(seconds / hour), 'hour');
  if (size < 60 * day) return relative.format(Math.round(seconds / day), 'day');
  return new Date(time).toLocaleDateString('en', { dateStyle: 'medium' });
}

/** `about 12 minutes`. */
export function duration(seconds: number): string {
  const say = (value: number, unit: string) => `about ${count(value)} ${unit}${value === 1 ? '' : 's'}`;
  if (seconds < minute) return 'less than a minute';
  if (seconds < hour) return say(Math.round(seconds / minute), 'minute');
  if (seconds < 2 * day) return say(Math.round(seconds / hour), 'hour');
  return say(Math.round(seconds / day), 'day');
}
