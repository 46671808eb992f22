// An edit as the page's address: the image, what is done to it, and the settings, as far as an address can hold them. Files of one's own stay where
// they are, and so does a mask of too many runs.
import type { Model } from '../../../src/studio/api/index.js';
import { queryOf } from '../settings/settings.js';
import type { Draft, Task } from './draft.js';
import { isMarked, maskOfText, maskText } from './mask.js';
import type { Source } from './source.js';

const longestMask = 1500; // characters

/** The query of an image that the studio made. */
export function sourceQuery(generation: string | undefined, model: string, image: number): string {
  return `?${new URLSearchParams({ generation: generation ?? '', from: model, image: `${image}` }).toString()}`;
}

/** The query that opens an edit again. */
export function editQuery({ task, source, mask, margins, feather, settings }: Draft, model: Model): string {
  const own = typeof source.image === 'string' ? '' : sourceQuery(source.image.generation, source.image.model, source.image.image); // prettier-ignore
  const query = new URLSearchParams(own);
  query.set('task', task);
  const { left, right, up, down } = margins;
  if (task === 'outpaint') query.set('margins', [left, right, up, down].join('-'));
  else if (isMarked(mask) && maskText(mask).length <= longestMask) query.set('mask', maskText(mask));
  if (feather !== undefined) query.set('feather', `${feather}`);
  return `?${query.toString()}&${queryOf(settings, model).slice(1)}`;
}

const tasks: readonly Task[] = ['inpaint', 'outpaint', 'class'];

/** What an address says of an edit besides its image and its settings. */
export function editOf(search: string, source: Pick<Source, 'width' | 'height'>): Partial<Draft> {
  const query = new URLSearchParams(search);
  const task = tasks.find((one) => one === query.get('task'));
  const margins = /^(\d{1,4})-(\d{1,4})-(\d{1,4})-(\d{1,4})$/
    .exec(query.get('margins') ?? '')
    ?.slice(1)
    .map(Number);
  const [left, right, up, down] = margins ?? [];
  const mask = maskOfText(query.get('mask') ?? '', source.width, source.height);
  const feather = /^\d{1,3}$/.exec(query.get('feather') ?? '')?.[0];
  return {
    ...(task && { task }),
    ...(margins && { margins: { left: left!, right: right!, up: up!, down: down! } }),
    ...(mask && { mask }),
    ...(feather !== undefined && { feather: Number(feather) }),
  };
}
