// Pictures within an answer, as data: URLs: small ones as they are, larger ones reduced, so that an answer stays small whatever a model draws.
import sharp from 'sharp';
import { type Cell, cellPng } from '../../evaluate/index.js';

/** Pixels of the longer side up to which a picture is sent without loss, and the most that is sent. */
const [exact, most] = [128, 384];

/** A picture as a data: URL. */
export async function pictureUrl(cell: Cell): Promise<string> {
  const { rgb, width, height } = cell;
  if (Math.max(width, height) <= exact) return `data:image/png;base64,${(await cellPng(cell)).toString('base64')}`;
  const webp = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(most, most, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 90 })
    .toBuffer();
  return `data:image/webp;base64,${webp.toString('base64')}`;
}
