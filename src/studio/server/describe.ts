// The API's description of itself, made of the schemas that requests are checked with.
import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Resource, StudioServer } from './studio.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Fields of a multipart body, which the route itself reads. */
    multipart?: z.ZodObject;
  }
}

/** A file of a multipart body, where its description is wanted. */
export const fileField = z.string().meta({ format: 'binary', description: 'A PNG, JPEG or WebP.' });

type Transform = Parameters<typeof jsonSchemaTransform>[0];

/** The schema of a route for the description: bodies that the route itself reads are added. */
function transform(document: Transform): ReturnType<typeof jsonSchemaTransform> {
  const { multipart } = document.route.config ?? {};
  if (!multipart) return jsonSchemaTransform(document);
  const schema = { ...document.schema, body: multipart, consumes: ['multipart/form-data'] };
  return jsonSchemaTransform({ ...document, schema });
}

/** Describes the routes that are added after this. */
export async function describeApi(app: StudioServer, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Scalewise studio',
        description: 'Images scale by scale, and what models and trainings look like.',
        version,
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { token: [] }],
    },
    transform,
    transformObject: jsonSchemaTransformObject,
  });
}

/** Adds `/openapi.json`. */
export const addDescription: Resource = (app) => {
  app.get(
    '/openapi.json',
    {
      schema: {
        summary: 'This description.',
        tags: ['server'],
        response: { 200: z.record(z.string(), z.unknown()) },
      },
    },
    (_request, reply) => {
      void reply.type('application/json').send(JSON.stringify(app.swagger()) as never);
    },
  );
};
