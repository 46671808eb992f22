// What was expected, in words.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { expectationOf } from './expectation.js';

test('issues are told in words', () => {
  const said = (schema: z.ZodType, value: unknown) => expectationOf(schema.safeParse(value, { reportInput: true }).error!.issues[0]!); // prettier-ignore
  const cases: [z.ZodType, unknown, string][] = [
    [z.number(), 'none', 'expected a number, found "none"'],
    [z.int(), 1.5, 'expected a whole number, found 1.5'],
    [z.number().max(16), 17, 'expected at most 16, found 17'],
    [z.number().lt(1), 1, 'expected less than 1, found 1'],
    [z.number().positive(), 0, 'expected more than 0, found 0'],
    [z.number().min(0), -1, 'expected at least 0, found -1'],
    [z.tuple([z.number(), z.number()]), 0.9, 'expected a list, found 0.9'],
    [z.array(z.number()).min(1), [], 'expected at least 1 item, found 0'],
    [z.string().length(2), 'abc', 'expected 2 characters, found 3'],
    [z.enum(['ramp', 'constant']), 'steep', 'expected one of ramp, constant, found "steep"'],
    [z.number().multipleOf(8), 20, 'expected a multiple of 8, found 20'],
    [z.boolean(), undefined, 'expected true or false'],
    [z.number(), 'x'.repeat(100), `expected a number, found "${'x'.repeat(59)}…`],
    [z.string().regex(/^a/, 'expected a name that begins with a'), 'b', 'expected a name that begins with a'],
    [z.number('expected an amount'), 'b', 'expected an amount'],
  ];
  for (const [schema, value, sentence] of cases) expect(said(schema, value)).toBe(sentence);
});
