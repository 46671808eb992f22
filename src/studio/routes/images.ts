// `POST /v1/images/generations`: OpenAI's shape.
import { imagesAnswer, imagesRequest } from '../api/index.js';
import { answerOf, ask, finished } from '../openai.js';
import { streamImages } from '../openaiStream.js';
import { errors, usualErrors } from '../server/answers.js';
import type { Resource } from '../server/studio.js';

/** Adds `/v1/images/generations`. */
export const addImages: Resource = (app, studio) => {
  app.post(
    '/v1/images/generations',
    {
      schema: {
        summary: 'Images of a class, in the shape of OpenAI’s API; with `stream`, as server-sent events.',
        tags: ['images'],
        body: imagesRequest,
        response: { 200: imagesAnswer, ...usualErrors, ...errors(404, 409, 413, 415, 504) },
      },
    },
    async (request, reply) => {
      const asked = await ask(studio, request, request.body);
      if (request.body.stream) {
        streamImages(studio, request, reply, asked, 'image_generation');
        return reply;
      }
      await finished(studio, asked.job, reply);
      return reply.send(await answerOf(asked, request));
    },
  );
};
