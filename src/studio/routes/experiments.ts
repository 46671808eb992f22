// Experiments: what was measured, as numbers, and the files that say so. Nothing in a file can run in the page.
import { z } from 'zod';
import { experimentDetails, experimentList, opaqueId } from '../api/index.js';
import { ExperimentShelf } from '../experimentShelf.js';
import { errors, usualErrors } from '../server/answers.js';
import type { Resource } from '../server/studio.js';

const tags = ['experiments'];
const failures = { ...usualErrors, ...errors(404, 409) };

const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/** For a document of somebody else's: it is shown, with the styles and pictures within it, and neither runs nor loads anything. */
const sandbox = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

const file = z.object({
  id: opaqueId,
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|svg|html|md|json|csv)$/, 'expected the name of a file, as the experiment lists it'), // prettier-ignore
});

/** Adds `/api/experiments`. */
export const addExperiments: Resource = (app, { options }) => {
  const shelf = new ExperimentShelf(options.root, options.results);
  app.get(
    '/api/experiments',
    { schema: { summary: 'The results that were measured.', tags, response: { 200: experimentList, ...usualErrors } } },
    () => shelf.all(),
  );
  app.get(
    '/api/experiments/:id',
    {
      schema: {
        summary: 'What one of them says, as numbers, and its files.',
        tags,
        params: z.object({ id: opaqueId }),
        response: { 200: experimentDetails, ...failures },
      },
    },
    ({ params }) => shelf.details(params.id),
  );
  app.get(
    '/api/experiments/:id/files/:name',
    {
      schema: {
        summary: 'A file of one of them.',
        tags,
        params: file,
        response: {
          200: {
            description: 'A report, a picture, or numbers.',
            content: Object.fromEntries(Object.entries(types).map(([ending, type]) => [type.split(';')[0]!, { schema: ending === 'json' ? z.unknown() : z.string() }])), // prettier-ignore
          },
          ...failures,
        },
      },
    },
    ({ params }, reply) => {
      const bytes = shelf.file(params.id, params.name);
      const type = types[params.name.split('.').at(-1)!]!;
      reply.header('content-security-policy', sandbox).header('cache-control', 'private, no-cache').type(type);
      void reply.send(bytes);
    },
  );
};
