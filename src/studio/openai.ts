// OpenAI's images API on top of jobs: from its fields to a request of ours, and from what came of it to its answers.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tokenCount } from '../tokenizers/scales.js';
import type { ImageEditFields, ImagesAnswer, ImagesRequest, SettledRequest } from './api/index.js';
import { canvasOf, type EditBytes } from './canvas.js';
import { classText } from './classes.js';
import { refuse, renamed } from './errors.js';
import type { Job, KeptFrame, Unit } from './jobs/job.js';
import type { KnownModel } from './models.js';
import { parametersOf, type PictureFormat, written } from './pictures.js';
import { pixelsOf, scalesOfSize, scalesOfText } from './scaleText.js';
import { clientOf } from './server/client.js';
import type { Studio } from './server/studio.js';
import { type ImageLimits, jobOf, settle } from './settle.js';

type Fields = ImagesRequest | ImageEditFields;

/** One request in the making. */
export interface Asked {
  job: Job;
  model: KnownModel;
  format: PictureFormat;
  /** Its images as links. */
  isUrl: boolean;
  /** Scales before the last that are to be streamed, by index. */
  partial: ReadonlySet<number>;
}

function formatOf({ output_format, output_compression }: Fields): PictureFormat {
  const type = output_format ?? 'png';
  const quality = output_compression ?? undefined;
  if (quality !== undefined && type === 'png')
    throw refuse('output_compression', 'output_compression: a PNG has no quality; ask for webp or leave it alone');
  return { type, quality };
}

function scalesFrom(fields: Fields, model: KnownModel, mostSide: number) {
  const given = fields.x_scales ?? fields.scales;
  const size = fields.size ?? 'auto';
  if (given === undefined) return scalesOfSize(size, model, mostSide);
  if (size !== 'auto') throw refuse('size', 'size: expected without scales, which settle the size; leave one alone');
  return typeof given === 'string' ? scalesOfText(given, model) : given;
}

/** Which scales before the last are streamed: all, or so many, evenly spread. */
function partialOf(count: number, wanted: number | null | undefined): Set<number> {
  const before = count - 1;
  const shown = Math.min(wanted ?? before, before);
  return new Set(Array.from({ length: shown }, (_, i) => Math.floor(((i + 1) * before) / shown) - 1));
}

/** What a request calls the settings of ours. */
function namesOf(fields: Fields): Record<string, string> {
  const given = fields as Readonly<Record<string, unknown>>;
  const called = (name: string) => (given[`x_${name}`] === undefined ? name : `x_${name}`);
  const same = ['seed', 'cfg', 'guidance', 'temperature', 'greedy', 'smooth', 'feather'];
  return {
    ...Object.fromEntries(same.map((name) => [name, called(name)])),
    class: 'prompt',
    count: 'n',
    topK: called('top_k'),
    topP: called('top_p'),
    scales: given['scales'] === undefined && given['x_scales'] === undefined ? 'size' : called('scales'),
  };
}

/** A request of OpenAI's as one of ours, settled. */
function settledFrom(fields: Fields, model: KnownModel, most: ImageLimits): SettledRequest {
  const scales = scalesFrom(fields, model, most.side);
  const wanted = {
    class: fields.prompt === '' ? null : fields.prompt,
    count: fields.n ?? 1,
    seed: fields.x_seed ?? fields.seed,
    cfg: fields.x_cfg ?? fields.cfg,
    guidance: fields.x_guidance ?? fields.guidance,
    topK: fields.x_top_k ?? fields.top_k,
    topP: fields.x_top_p ?? fields.top_p,
    temperature: fields.x_temperature ?? fields.temperature,
    greedy: fields.x_greedy ?? fields.greedy,
    smooth: fields.x_smooth ?? fields.smooth,
    scales,
  };
  return settle(wanted, [model], most);
}

/** The job that a request asks for, added to the queue. @throws StudioError */
export async function ask(studio: Studio, request: FastifyRequest, fields: Fields, bytes?: EditBytes): Promise<Asked> {
  try {
    return await asked(studio, request, fields, bytes);
  } catch (error) {
    throw renamed(error, namesOf(fields));
  }
}

async function asked(
  studio: Studio,
  request: FastifyRequest,
  fields: Fields,
  bytes: EditBytes | undefined,
): Promise<Asked> {
  const model = studio.models.find(fields.model, 'model');
  const settled = settledFrom(fields, model, studio.options.images);
  const format = formatOf(fields);
  const canvas = bytes && (await canvasOf(bytes, settled.scales, model.details.stride));
  const isUrl = fields.response_format === 'url';
  const partial = partialOf(settled.scales.length, fields.stream ? fields.partial_images : 0);
  const plan = { client: clientOf(request, fields.user), frames: partial.size > 0 || isUrl, isKept: isUrl, canvas };
  const job = jobOf(settled, [model], plan);
  studio.scheduler.add(job);
  return { job, model, format, isUrl, partial };
}

/** A picture in base64. */
export async function base64(asked: Asked, unit: Unit, frame: KeptFrame): Promise<string> {
  const { job, model, format } = asked;
  return (await written(frame.png, parametersOf(job, unit, frame, model), format)).toString('base64');
}

/** Width x height of the images. */
export function sizeText({ job, model }: Asked): string {
  const [height, width] = pixelsOf(job.plan.request.scales, model);
  return `${width}x${height}`;
}

/** Tokens of so many images. */
export function usageOf({ job }: Asked, images: number): ImagesAnswer['usage'] {
  const tokens = images * tokenCount(job.plan.request.scales);
  return {
    input_tokens: 0,
    output_tokens: tokens,
    total_tokens: tokens,
    input_tokens_details: { image_tokens: 0, text_tokens: 0 },
  };
}

/** What is answered once a job is done. */
export async function answerOf(asked: Asked, request: FastifyRequest): Promise<ImagesAnswer> {
  const { job, model, format, isUrl } = asked;
  const revised = classText(job.plan.request.class, model.details.classes);
  const data = job.units.map(async (unit) => {
    const link = job.frameUrl(unit, unit.settings.scales.length - 1).replace(/png$/, format.type);
    const image = isUrl
      ? { url: `${request.protocol}://${request.host}${link}` }
      : { b64_json: await base64(asked, unit, job.result(unit)!) };
    return { ...image, revised_prompt: revised, x_seed: unit.seed };
  });
  return {
    created: job.created,
    data: await Promise.all(data),
    background: 'opaque',
    output_format: format.type,
    size: sizeText(asked),
    usage: usageOf(asked, job.units.length),
  };
}

/** Waits until a job is done, and cancels it where nobody waits for the answer any more. @throws StudioError as it failed */
export function finished({ scheduler }: Studio, job: Job, { raw }: FastifyReply): Promise<void> {
  const leave = () => {
    if (!job.isOver) scheduler.cancel(job);
  };
  if (raw.destroyed)
    leave(); // gone already, and `close` with it
  else raw.once('close', leave);
  job.whenOver(() => raw.off('close', leave));
  return new Promise((done, failed) => {
    job.whenOver(({ error }) => {
      if (error) failed(error);
      else done();
    });
  });
}
