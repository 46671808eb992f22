// From a request to a job: defaults filled in, everything checked against what the models can do, one unit an image.
import { randomBytes } from 'node:crypto';
import { sameScale, sizeOf, tokenCount } from '../tokenizers/scales.js';
import type { GenerationRequest, Scales, SettledRequest } from './api/index.js';
import { labelsOf } from './classes.js';
import { refuse } from './errors.js';
import { Job, type JobPlan } from './jobs/job.js';
import type { KnownModel } from './models.js';
import type { CanvasEdit } from './worker/messages.js';

/** Narrower limits than the contract's, where the studio was opened with them. */
export interface ImageLimits {
  images: number;
  tokens: number;
  side: number;
}

const sameClasses = (a: KnownModel, b: KnownModel) => a.details.classes.join('\n') === b.details.classes.join('\n');
const scaleText = (scales: Scales) => scales.map((scale) => sizeOf(scale).join('x')).join(', ');

/** Refuses models that cannot answer one request together. */
function checkTogether(models: readonly KnownModel[]): void {
  const first = models[0]!;
  if (new Set(models).size < models.length) throw refuse('models', 'models: expected each model once');
  for (const one of models) {
    if (!sameClasses(first, one))
      throw refuse('models', `models: ${one.id} has other classes than ${first.id}; ask for them one by one`);
    if (one.details.stride !== first.details.stride)
      throw refuse('models', `models: the images of ${one.id} are of another size than those of ${first.id}; ask for them one by one`); // prettier-ignore
  }
}

/** Refuses scales that a model does not take, and those that make too large an image. */
export function checkScales(model: KnownModel, scales: Scales, most: ImageLimits): void {
  const { details, id } = model;
  const isOwn = details.scales.length === scales.length && scales.every((one, i) => sameScale(one, details.scales[i]!));
  if (!details.anyScales && !isOwn)
    throw refuse('scales', `scales: ${id} knows the scales ${scaleText(details.scales)} and no others; leave scales and size alone`); // prettier-ignore
  const tokens = tokenCount(scales);
  if (tokens > most.tokens)
    throw refuse('scales', `scales: expected at most ${most.tokens} tokens an image, got ${tokens}; choose fewer or smaller scales`); // prettier-ignore
  const side = Math.max(...sizeOf(scales.at(-1)!)) * details.stride;
  if (side > most.side)
    throw refuse('scales', `scales: expected images of at most ${most.side} pixels a side, the last scale makes ${side}; choose a smaller one`); // prettier-ignore
}

/** Refuses lists of another length than the scales. */
function checkLengths(
  settings: Pick<SettledRequest, 'topK' | 'topP' | 'temperature' | 'guidance'>,
  count: number,
): void {
  for (const [name, value] of Object.entries(settings))
    if (Array.isArray(value) && value.length !== count)
      throw refuse(name, `${name}: expected one value, or one for each of the ${count} scales, got ${value.length}`);
}

function checkGreedy(greedy: SettledRequest['greedy'], scales: Scales): void {
  if (!Array.isArray(greedy)) return;
  const missing = greedy.filter((one) => !scales.some((scale) => sameScale(scale, one)));
  if (missing.length)
    throw refuse('greedy', `greedy: expected some of the scales ${scaleText(scales)}, got ${scaleText(missing)}`);
}

/**
 * The request of some models with its defaults.
 * @throws StudioError 400
 */
export function settle(request: GenerationRequest, models: readonly KnownModel[], most: ImageLimits): SettledRequest {
  const { defaults, classes, ...details } = models[0]!.details;
  checkTogether(models);
  if (request.count * models.length > most.images)
    throw refuse('count', `count: expected at most ${most.images} images in a request, got ${request.count * models.length}`); // prettier-ignore
  const scales = request.scales ?? details.scales;
  for (const model of models) checkScales(model, scales, most);
  const { cfg, guidance, topK, topP, temperature } = { ...defaults, ...dropUndefined(request) };
  checkLengths({ topK, topP, temperature, guidance }, scales.length);
  checkGreedy(request.greedy, scales);
  const smooth = request.smooth ?? defaults.smooth;
  const rigid = smooth ? models.find((one) => !one.details.canSmooth) : undefined;
  if (rigid) throw refuse('smooth', `smooth: the codes of ${rigid.id} cannot be mixed; leave smooth alone`);
  const { margins, feather } = request.edit ?? {};
  return {
    models: models.map(({ id }) => id),
    class: labelsOf(request.class, classes, 'class'),
    count: request.count,
    seed: request.seed ?? Math.floor(Math.random() * 2 ** 32),
    cfg,
    guidance,
    topK,
    topP,
    temperature,
    scales,
    smooth,
    ...(request.greedy !== undefined && { greedy: request.greedy }),
    ...(request.edit && { edit: { ...(margins && { margins }), ...(feather !== undefined && { feather }) } }),
  };
}

function dropUndefined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A job of a settled request: the first image of every model, then the second ones. */
export function jobOf(
  request: SettledRequest,
  models: readonly KnownModel[],
  { canvas, ...plan }: Pick<JobPlan, 'client' | 'frames' | 'isKept'> & { canvas?: CanvasEdit | undefined },
): Job {
  const { scales, cfg, guidance, topK, topP, temperature, greedy, smooth, seed, count } = request;
  const sampling = { cfg, guidance, topK, topP, temperature, greedy, smooth };
  const id = randomBytes(12).toString('base64url');
  const units = Array.from({ length: count }, (_, image) =>
    models.map(({ id: model, source }) => ({
      model,
      image,
      seed: seed + image,
      settings: { source, scales, sampling, edit: canvas },
      // an edit has its image for itself: nobody else's agrees
      key: JSON.stringify([model, scales, sampling, canvas ? id : null]),
    })),
  );
  return new Job({ ...plan, id, request }, units.flat());
}
