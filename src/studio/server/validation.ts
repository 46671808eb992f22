// Requests against their schemas: the first mistake as one sentence.
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { expectationOf } from '../../util/expectation.js';
import { didYouMean } from '../../util/suggest.js';
import { refuse, type StudioError } from '../errors.js';

/** What was expected where several things may stand: the branch that got furthest, or all of them. */
function unionMessage(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const firsts = branches.flatMap(([first]) => first ?? []);
  const deepest = firsts.find(({ path }) => path.length > 0);
  const chosen = deepest ? [deepest] : firsts;
  return [...new Set(chosen.map((issue) => messageOf(issue)))].join(', or ');
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key' && issue.issues.length) return expectationOf(issue.issues[0]!);
  return issue.code === 'invalid_union' && issue.errors.length ? unionMessage(issue.errors) : expectationOf(issue);
}

/** Names of the fields of an object's schema. */
function fieldsOf(schema: z.ZodType): string[] {
  return Object.keys((schema as Partial<z.ZodObject>).shape ?? {});
}

/** The first of some issues as an error to answer with. */
export function refusalOf(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): StudioError {
  const [issue] = issues as [z.core.$ZodIssue];
  const param = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!.slice(0, 100);
    return refuse(
      param || key,
      `${param ? `${param}: ` : ''}unknown field '${key}'${didYouMean(key, fieldsOf(schema))}`,
    );
  }
  const missing = ['invalid_type', 'invalid_union'].includes(issue.code) && issue.input === undefined && param !== '';
  if (missing) return refuse(param, `${param}: it is missing; ${messageOf(issue)}`);
  return refuse(param, `${param || 'request'}: ${messageOf(issue)}`);
}

/** A value as a schema has it. @throws StudioError 400 */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw refusalOf(schema, result.error.issues);
}

/** How fastify checks what has a schema. */
export const validator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data) => {
    const result = schema.safeParse(data, { reportInput: true });
    return result.success ? { value: result.data } : { error: refusalOf(schema, result.error.issues) };
  };
