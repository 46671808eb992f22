// The image of an edit, wherever the request says that it is.
import type { EditRequest, SettledRequest } from './api/index.js';
import { bytesOf, type EditBytes } from './canvas.js';
import { notFound, refuse } from './errors.js';
import type { KeptJobs } from './jobs/kept.js';

/** The pictures of an edit as bytes. @throws StudioError 404 where the generation is not kept any more */
export function editBytes({ image, mask, margins, feather }: EditRequest, kept: KeptJobs): EditBytes {
  return {
    image: typeof image === 'string' ? bytesOf(image) : madeImage(image, kept, 'edit.image').png,
    mask: mask === undefined ? undefined : bytesOf(mask),
    margins,
    feather,
  };
}

/** An image that was made before: its file, and the class that it was asked as. @throws StudioError where it is not kept any more */
export function madeImage(
  made: Exclude<EditRequest['image'], string>,
  kept: KeptJobs,
  param: string,
): { png: Uint8Array; class: SettledRequest['class'] } {
  const job = kept.find(made.generation);
  if (!job) throw notFound('generation', made.generation);
  const unit = job.units.find(({ model, image }) => model === made.model && image === made.image);
  const frame = unit && job.result(unit);
  if (!frame) throw refuse(param, `${param}: there is no such image in that generation, or it is not finished`);
  return { png: frame.png, class: job.plan.request.class };
}
