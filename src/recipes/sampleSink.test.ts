// Sinks of samples: what they write, that they go on where they stopped, and that they do not mix samples of two settings.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Cell } from '../evaluate/index.js';
import { NpzFile, pngTexts } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { type ImageSink, openSampleFolder, openSampleNpz } from './sampleSink.js';

const [width, height, count] = [5, 4, 3];
const settings = { seed: 7, guidance: { weight: 2 } };
const other = { seed: 7, guidance: { weight: 3 } };
const cell = (i: number): Cell => ({ rgb: Uint8Array.from({ length: 60 }, (_, at) => (at * 7 + i * 50) % 256), width, height }); // prettier-ignore

let place: string;
beforeEach(() => {
  place = join(mkdtempSync(join(tmpdir(), 'scalewise-sink-')), 'samples');
  return () => {
    rmSync(join(place, '..'), { recursive: true });
  };
});

/** Adds what is missing up to `end`; answers how many were there. */
async function fill(sink: ImageSink, end = count): Promise<number> {
  const before = sink.done;
  while (sink.done < end) await sink.add(cell(sink.done), { class: 10 + sink.done });
  return before;
}

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as unknown;
const file = (i: number) => join(place, `00000${i}.png`);

describe('a folder', () => {
  test('holds numbered pictures with their settings, and those of the run', async () => {
    const sink = openSampleFolder(place, settings);
    expect(json(join(place, 'samples.json'))).toEqual({ settings });
    await fill(sink);
    sink.finish();
    expect(readdirSync(place).sort()).toEqual(['000000.png', '000001.png', '000002.png', 'samples.json']);
    expect(json(join(place, 'samples.json'))).toEqual({ settings, images: 3 });
    for (let i = 0; i < count; i++) {
      const bytes = readFileSync(file(i));
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, new Uint8Array(data)]).toEqual([width, height, cell(i).rgb]);
      const text = pngTexts(file(i), bytes).get('parameters')!;
      expect(JSON.parse(text)).toEqual({ ...settings, class: 10 + i, index: i });
    }
  });

  test('goes on after the last whole picture', async () => {
    await fill(openSampleFolder(place, settings), 2);
    const whole = readFileSync(file(1));
    const first = readFileSync(file(0));
    expect(await fill(openSampleFolder(place, settings))).toBe(2);
    truncateSync(file(1), whole.length - 3);
    expect(await fill(openSampleFolder(place, settings))).toBe(1);
    expect(readFileSync(file(1))).toEqual(whole);
    truncateSync(file(0), 0);
    expect(await fill(openSampleFolder(place, settings))).toBe(0);
    expect(readFileSync(file(0))).toEqual(first);
    expect(openSampleFolder(place, settings).done).toBe(3);
  });

  test('of other settings, or of unknown ones, is refused and left alone', async () => {
    await fill(openSampleFolder(place, settings), 1);
    const record = join(place, 'samples.json');
    const before = readFileSync(record);
    expect(() => openSampleFolder(place, other)).toThrow(
      new UsageError(`${place}: it holds samples of other settings (guidance.weight); choose another place, or the same settings to continue`), // prettier-ignore
    );
    expect(readFileSync(record)).toEqual(before);
    for (const text of ['{"a"', '[]', 'null']) {
      writeFileSync(record, text);
      expect(() => openSampleFolder(place, settings)).toThrow(/does not hold the settings of a sampling/);
    }
    rmSync(record);
    expect(() => openSampleFolder(place, settings)).toThrow(/samples\.json, which would say how it was made, is not/);
  });
});

describe('an .npz', () => {
  const shape = { count, height, width };
  const open = (chosen: object = settings, images = shape) => openSampleNpz(`${place}.npz`, images, { ...chosen });
  const pixels = async () => {
    using npz = await NpzFile.open(`${place}.npz`);
    return await npz.read('arr_0'); // before it is closed
  };

  test('holds all images, its settings beside it, after any interruption', async () => {
    expect(await fill(open(), 1)).toBe(0);
    expect(json(`${place}.npz.json`)).toEqual({ settings: { ...settings, ...shape } });
    truncateSync(`${place}.npz.partial`, readFileSync(`${place}.npz.partial`).length + 20); // half an image more
    expect(await fill(open(), 2)).toBe(1);
    expect(existsSync(`${place}.npz`)).toBe(false);
    const sink = open();
    expect(await fill(sink)).toBe(2);
    sink.finish();
    expect(await pixels()).toEqual({
      type: '|u1',
      shape: [count, height, width, 3],
      bytes: new Uint8Array(Buffer.concat([0, 1, 2].map((i) => cell(i).rgb))),
    });
    expect(json(`${place}.npz.json`)).toEqual({ settings: { ...settings, ...shape }, images: 3 });
  });

  test('that is whole is done; one image more is a mistake of the program', async () => {
    const first = open();
    await fill(first);
    first.finish();
    const again = open();
    expect(again.done).toBe(3);
    again.finish();
    expect((await pixels()).shape).toEqual([count, height, width, 3]);
    expect(() => again.add(cell(0), {})).toThrow('which is whole');
  });

  test('of other settings or sizes, or of unknown ones, is refused', async () => {
    await fill(open(), 1);
    expect(() => open(other)).toThrow(/samples of other settings \(guidance\.weight\)/);
    expect(() => open(settings, { ...shape, count: 4 })).toThrow(/samples of other settings \(count\)/);
    expect(() => open().add({ ...cell(0), width: 4 }, {})).toThrow('internal: an image of 4 × 4 in an array of 5 × 4');
    rmSync(`${place}.npz.json`);
    expect(() => open()).toThrow(/samples\.npz\.json, which would say how it was made, is not/);
  });
});
