// What others read of ours, by their own code: TensorBoard's reader and Prometheus' parser, from PyPI.
// `npm run test:readers` fetches them into build/readers and runs this; where they are not there, it is left out.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { EventWriter } from '../../src/formats/index.js';
import { MetricsExporter } from '../../src/train/exporter.js';

const packages = join(import.meta.dirname, '..', '..', 'build', 'readers');
const present = existsSync(packages);
if (!present) console.warn('left out: TensorBoard’s and Prometheus’ own readers, which `npm run test:readers` fetches');

const root = mkdtempSync(join(tmpdir(), 'scalewise-readers-'));
const folder = () => mkdtempSync(join(root, 'run-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

function read(by: 'tensorboard' | 'prometheus', path: string): unknown {
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const ended = spawnSync('python3', [join(import.meta.dirname, 'read.py'), by, path], { encoding: 'utf8', env });
  expect(ended.status, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout);
}

interface Events {
  scalars: Record<string, [step: number, value: number][]>;
  images: Record<string, [step: number, width: number, height: number, png: string][]>;
  firstTime: number;
}
const events = (path: string) => read('tensorboard', path) as Events;

describe.runIf(present)('TensorBoard', () => {
  test('reads scalars and images as they were written', async () => {
    const path = folder();
    const png = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#c02020' } })
      .png()
      .toBuffer();
    const writer = new EventWriter(path);
    for (const step of [768, 1536, 2_000_000_000_000]) {
      writer.scalar('loss', step, Math.fround(1 / step));
      writer.scalar('accuracy_scale_4x6', step, 0.5);
    }
    writer.image('samples', 1536, png, 30, 20);
    writer.close();
    const found = events(path);
    expect(found.scalars).toEqual({
      loss: [768, 1536, 2_000_000_000_000].map((step) => [step, Math.fround(1 / step)]),
      accuracy_scale_4x6: [768, 1536, 2_000_000_000_000].map((step) => [step, 0.5]),
    });
    expect(found.images).toEqual({ samples: [[1536, 30, 20, png.toString('base64')]] });
    expect(Math.abs(found.firstTime - Date.now() / 1000)).toBeLessThan(600);
  });

  test('forgets what a killed run wrote beyond the checkpoint that it went on from, and the half of a record', () => {
    const path = folder();
    const killed = new EventWriter(path);
    for (const step of [8, 16, 24, 32]) killed.scalar('loss', step, step);
    killed.close();
    truncateSync(killed.path, readFileSync(killed.path).length - 5);
    expect(events(path).scalars['loss']).toEqual([8, 16, 24].map((step) => [step, step]));
    const resumed = new EventWriter(path, { purgeStep: 17 });
    for (const step of [24, 32, 40]) resumed.scalar('loss', step, -step);
    resumed.close();
    expect(events(path).scalars['loss']).toEqual([8, 16, -24, -32, -40].map((value) => [Math.abs(value), value]));
  });
});

describe.runIf(present)('Prometheus', () => {
  interface Sample { name: string; labels: Record<string, string>; value: string } // prettier-ignore
  const samples = (path: string) =>
    (read('prometheus', path) as [string, string, string, Record<string, string>, string][]).map(
      ([name, type, help, labels, value]): Sample => {
        expect(type).toBe('gauge');
        expect(help).toMatch(/\.$/);
        return { name, labels, value };
      },
    );

  test('reads every number under its labels', () => {
    const run = join(folder(), 'a "quoted" \\ run');
    const exporter = new MetricsExporter({ run, kind: 'refine', images: 80 });
    const clock = { step: 2, imagesSeen: 16 };
    exporter.record(clock, { loss: NaN, mfu: 0.25, loss_scale_1: 5, loss_scale_4x6: Infinity });
    const labels = { run, kind: 'refine' };
    const found = samples(exporter.path).filter(({ name }) => name !== 'scalewise_last_record_timestamp_seconds');
    expect(found).toEqual([
      { name: 'scalewise_images_seen', labels, value: '16.0' },
      { name: 'scalewise_images_total', labels, value: '80.0' },
      { name: 'scalewise_loss', labels, value: 'nan' },
      { name: 'scalewise_loss_scale', labels: { ...labels, scale: '1' }, value: '5.0' },
      { name: 'scalewise_loss_scale', labels: { ...labels, scale: '4x6' }, value: 'inf' },
      { name: 'scalewise_mfu', labels, value: '0.25' },
      { name: 'scalewise_step', labels, value: '2.0' },
    ]);
  });

  test('and refuses what is none of its format: the parser is a real one', () => {
    const path = join(folder(), 'bad.prom');
    writeFileSync(path, 'scalewise_loss{run="a} 1\n');
    expect(() => read('prometheus', path)).toThrow(/ValueError/);
  });
});
