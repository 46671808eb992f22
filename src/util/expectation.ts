// What a schema expected, in words: zod's issues as "expected at most 16, found 17".
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Kinds of values for people. */
const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  bigint: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'named values',
  record: 'named values',
  null: 'null',
  date: 'a date',
};

/** What a size is counted in. */
const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', file: 'bytes' };

/** The most of a value that is shown, in characters. */
const longest = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Zod's own sentence without what it begins with; a schema's own stays as it is. */
const plain = ({ message }: Issue) => message.replace(/^(Invalid input|Invalid option|Invalid string|Invalid element in \w+): /, '').replace('Invalid input', 'another value'); // prettier-ignore

function found(issue: Issue, unit?: string): string {
  const { input } = issue as { input?: unknown };
  if (input === undefined) return '';
  const isCounted = unit !== undefined && (typeof input === 'string' || Array.isArray(input));
  return `, found ${isCounted ? input.length : shown(input)}`;
}

/** A bound of an amount, or of how many there may be. */
function bounded(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const isBig = issue.code === 'too_big';
  const bound = isBig ? issue.maximum : issue.minimum;
  const unit = units[issue.origin];
  const how = issue.exact ? '' : issue.inclusive === false ? (isBig ? 'less than ' : 'more than ') : isBig ? 'at most ' : 'at least '; // prettier-ignore
  const of = unit === undefined ? '' : ` ${Number(bound) === 1 ? unit.replace(/s$/, '') : unit}`;
  return `expected ${how}${bound}${of}${found(issue, unit)}`;
}

/** The sentence of an issue: `expected …, found …`. What a schema says in its own words stays. */
export function expectationOf(issue: Issue): string {
  const isOwn = !/^(Invalid|Too)/.test(issue.message);
  if (isOwn) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kinds[issue.expected] ?? issue.expected}${found(issue)}`;
    case 'too_big':
    case 'too_small':
      return bounded(issue);
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}${found(issue)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}${found(issue)}`;
    default:
      return plain(issue);
  }
}
