// Requests made at random out of the API's description of itself, right and wrong ones: none is answered as a fault of the server's, and answers
// that say 200 are as described, since the server checks its own against their schemas and would answer 500.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StudioApp } from '../../src/studio/server/app.js';
import { fakeStudio } from './fakeWorker.js';

type Schema = Record<string, unknown>;
interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let studio: StudioApp;
let described: Description;

beforeAll(async () => {
  studio = await fakeStudio(({ jobs }) => ({
    jobs: { ...jobs, queue: { jobs: 1000, images: 100_000, perClient: 1000 } },
  }));
  described = (await studio.app.inject('/openapi.json')).json<Description>();
});
afterAll(() => studio.app.close());

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, '', -1, 0, 1e308, -0.5, 2 ** 53, 'ÿ\0', [], {}, [[]], 'a'.repeat(5000)),
);

/** Values of a schema: mostly such as it allows, some that it does not. */
function valuesOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const right = rightOnes(schema, depth);
  return fc.oneof({ arbitrary: right, weight: 8 }, { arbitrary: odd, weight: 1 });
}

function rightOnes(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const { $ref, anyOf, type, properties, items, prefixItems } = schema as { $ref?: string; anyOf?: Schema[]; type?: string; properties?: Record<string, Schema>; items?: Schema; prefixItems?: Schema[] }; // prettier-ignore
  if (depth > 6) return odd;
  if ($ref !== undefined) return valuesOf(described.components.schemas[$ref.split('/').at(-1)!]!, depth + 1);
  if (anyOf) return fc.oneof(...anyOf.map((one) => valuesOf(one, depth + 1)));
  if (schema['enum']) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if ('const' in schema) return fc.constant(schema['const']);
  if (properties) return fc.record(Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, valuesOf(one, depth + 1)])), { requiredKeys: (schema['required'] ?? []) as string[] }); // prettier-ignore
  if (prefixItems) return fc.tuple(...prefixItems.map((one) => valuesOf(one, depth + 1)));
  if (items) return fc.array(valuesOf(items, depth + 1), { maxLength: 4 });
  switch (type) {
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? 0), max: Math.min(Number(schema['maximum'] ?? 20), 20) });
    case 'number':
      return fc.double({ min: 0, max: 2, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.oneof(
        fc.constantFrom('one', 'two', 'Shirt', '0', '16x16', '1,2', 'auto', 'x'),
        fc.string({ maxLength: 12 }),
      );
  }
}

const pathWith = (path: string, values: Record<string, string>) => path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? '')); // prettier-ignore

test('no request made of the description is answered as a fault', async () => {
  const operations = Object.entries(described.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))); // prettier-ignore
  const codes = new Map<number, number>();
  const withBodies = operations.flatMap((one) => (one.operation.requestBody ? [one, one, one, one] : [one])); // more of them goes wrong
  const requests = fc.constantFrom(...withBodies).chain(({ path, method, operation }) => {
    const names = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
    const schema = operation.requestBody?.content['application/json']?.schema;
    return fc.record({
      method: fc.constant(method.toUpperCase() as 'GET'),
      path: fc.constant(path),
      values: fc.record(Object.fromEntries(names.map((name) => [name, fc.oneof(fc.constantFrom('one', '0', '1.png'), fc.string())]))), // prettier-ignore
      payload: schema ? valuesOf(schema) : fc.constant(undefined),
      headers: fc.record({ 'last-event-id': fc.constantFrom('0', 'x', '-1', '99999999999') }, { requiredKeys: [] }),
    });
  });
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, values, payload, headers }) => {
      const body = payload === undefined ? {} : { payload: JSON.stringify(payload), headers: { ...headers, 'content-type': 'application/json' } }; // prettier-ignore
      const answer = await studio.app.inject({ method, url: pathWith(path, values), headers, ...body });
      codes.set(answer.statusCode, (codes.get(answer.statusCode) ?? 0) + 1);
      expect(answer.statusCode).toBeLessThan(500);
      if (answer.statusCode >= 400) expect(answer.json()).toMatchObject({ error: { message: expect.any(String) as string, type: expect.any(String) as string } }); // prettier-ignore
    }),
    { numRuns: 1500, seed: 1 },
  );
  expect(codes.get(400)).toBeGreaterThan(100);
  expect((codes.get(200) ?? 0) + (codes.get(202) ?? 0)).toBeGreaterThan(50);
});
