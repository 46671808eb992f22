// `POST /v1/images/edits`: OpenAI's shape, a form of fields and files.
import type { FastifyRequest } from 'fastify';
import { type ImageEditFields, imageEditFields, imagesAnswer, limits } from '../api/index.js';
import { type EditBytes, maskOfAlpha } from '../canvas.js';
import { refuse } from '../errors.js';
import { answerOf, ask, finished } from '../openai.js';
import { streamImages } from '../openaiStream.js';
import { errors, usualErrors } from '../server/answers.js';
import { fileField } from '../server/describe.js';
import type { Resource } from '../server/studio.js';
import { checked } from '../server/validation.js';

const texts = new Set(['prompt', 'model', 'size', 'response_format', 'output_format', 'user', 'quality', 'style', 'background', 'moderation', 'input_fidelity']); // prettier-ignore
const files: Record<string, 'image' | 'mask'> = { image: 'image', 'image[]': 'image', mask: 'mask' };

/** A field of a form as what JSON would have had: a number, true, a list with commas; else the text. */
function valueOf(name: string, text: string): unknown {
  if (texts.has(name)) return text;
  if (/scales$/.test(name) && !text.startsWith('[')) return text;
  if (/^[\d.]+(,[\d.]+)+$/.test(text)) return text.split(',').map(Number);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

interface Form {
  fields: ImageEditFields;
  image: Buffer;
  mask: Buffer | undefined;
}

type Parts = Partial<Record<'image' | 'mask', Buffer>> & { fields: Record<string, unknown> };

async function partsOf(request: FastifyRequest): Promise<Parts> {
  const found: Parts = { fields: Object.create(null) as Record<string, unknown> };
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      const name = files[part.fieldname];
      if (!name || found[name])
        throw refuse(part.fieldname, 'request: expected one file `image` and at most one `mask`');
      found[name] = await part.toBuffer();
    } else found.fields[part.fieldname] = valueOf(part.fieldname, String(part.value));
  }
  return found;
}

/** Errors of the parser, which have no status, as the sender's. */
function asRefusal(error: unknown): unknown {
  if ((error as { statusCode?: number }).statusCode !== undefined) return error;
  return refuse('request', `request: expected a whole form: ${(error as Error).message}`);
}

/** Reads a form. @throws StudioError 400 */
async function formOf(request: FastifyRequest): Promise<Form> {
  if (!request.isMultipart()) throw refuse('request', 'request: expected a form (multipart/form-data) with an image');
  const { fields, image, mask } = await partsOf(request).catch((error: unknown) => { throw asRefusal(error); }); // prettier-ignore
  if (!image) throw refuse('image', 'image: it is missing; send one as a file');
  return { fields: checked(imageEditFields, { ...fields }), image, mask };
}

/** What an edit is made of: the mask is where the mask's picture, or the image itself, is transparent. */
async function bytesOf({ fields, image, mask }: Form): Promise<EditBytes> {
  const feather = fields.x_feather ?? fields.feather;
  return { image, mask: await maskOfAlpha(mask ? 'mask' : 'image', mask ?? image), feather };
}

/** Adds `/v1/images/edits`. */
export const addImageEdits: Resource = (app, studio) => {
  app.post(
    '/v1/images/edits',
    {
      bodyLimit: 2 * limits.upload + limits.body,
      config: { multipart: imageEditFields.extend({ image: fileField, mask: fileField.optional() }) },
      schema: {
        summary: 'An image made anew where its mask is transparent, in the shape of OpenAI’s API.',
        tags: ['images'],
        response: { 200: imagesAnswer, ...usualErrors, ...errors(404, 406, 409, 413, 415, 504) },
      },
    },
    async (request, reply) => {
      const form = await formOf(request);
      const asked = await ask(studio, request, form.fields, await bytesOf(form));
      if (form.fields.stream) {
        streamImages(studio, request, reply, asked, 'image_edit');
        return reply;
      }
      await finished(studio, asked.job, reply);
      return reply.send(await answerOf(asked, request));
    },
  );
};
