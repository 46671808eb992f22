// The image that is edited: one that the studio made, or a file of one's own, cut to the proportions that the model draws.
import type { EditRequest, Scales } from '../../../src/studio/api/index.js';
import { ApiError, getGeneration } from '../api.js';

export interface Source {
  /** Where the page finds it. */
  url: string;
  width: number;
  height: number;
  /** For people. */
  name: string;
  /** How a request says it. */
  image: EditRequest['image'];
  /** Label of its class, where that is known. */
  label: number | null;
  /** What drew it, where the studio did. */
  drawnBy?: { model: string; scales: Scales };
}

async function loaded(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** A file of one's own, resized to cover the size that is drawn, its centre cut out. @throws Error with a sentence for people */
export async function sourceOfFile(file: Blob & { name?: string }, [height, width]: readonly [number, number]) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name ?? 'This'} is not an image that the browser reads: take a PNG, JPEG or WebP.`);
  });
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  const url = canvas.toDataURL('image/png');
  return { url, width, height, name: file.name ?? 'image', image: url, label: null } satisfies Source;
}

/** An image of a generation before, as an address names it. @throws Error with a sentence for people, or ApiError */
export async function sourceOfQuery(query: string): Promise<Source | undefined> {
  const asked = new URLSearchParams(query);
  const [id, model] = [asked.get('generation'), asked.get('from') ?? asked.get('model')];
  const image = Number(asked.get('image') ?? 0);
  if (id === null || model === null) return undefined;
  const generation = await getGeneration(id).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new Error('The image of this link is gone: the server was started again, or kept others since. Draw it again at Generate, or choose another one.'); // prettier-ignore
  });
  const found = generation.images.find((one) => one.model === model && one.image === image);
  const frame = found?.frames[generation.scales.length - 1];
  if (!frame) throw new Error('That image was not finished: draw it again.');
  const { naturalWidth: width, naturalHeight: height } = await loaded(frame.url);
  const { class: label } = generation.request;
  return {
    url: frame.url,
    width,
    height,
    name: `${model}, seed ${found.seed}`,
    image: { generation: id, model, image },
    label: typeof label === 'number' ? label : null,
    drawnBy: { model, scales: generation.scales },
  };
}
