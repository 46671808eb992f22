// The file for node_exporter: its text to the letter, its names, and its end.
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { MetricsExporter, prometheusText } from './exporter.js';

const folder = () => mkdtempSync(join(tmpdir(), 'scalewise-prom-'));

test('the text: sorted, named as Prometheus allows, values and labels escaped', () => {
  const text = prometheusText(
    {
      'loss/part': NaN,
      loss: 2.5,
      loss_scale_4x6: 1,
      loss_scale_8: 2,
      mfu: Infinity,
      rate: 1e-9,
      memory_peak: 3 * 2 ** 40,
    },
    { run: 'a "b"\\\nc', rank: '0' },
  );
  const braces = '{run="a \\"b\\"\\\\\\nc",rank="0"}';
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  expect(lines).toEqual([
    `scalewise_loss${braces} 2.5`,
    `scalewise_loss_part${braces} NaN`,
    `scalewise_loss_scale${braces.replace('}', ',scale="4x6"}')} 1`,
    `scalewise_loss_scale${braces.replace('}', ',scale="8"}')} 2`,
    `scalewise_memory_peak${braces} 3298534883328`,
    `scalewise_mfu${braces} +Inf`,
    `scalewise_rate${braces} 1e-9`,
    '',
  ]);
  expect(text.split('\n').slice(0, 2)).toEqual([
    '# HELP scalewise_loss The loss that is minimised.',
    '# TYPE scalewise_loss gauge',
  ]);
});

test('names that come out as one are written once', () => {
  expect(prometheusText({ 'a/b': 1, a_b: 2 }, {}).match(/^scalewise_a_b\{\} 2/gm)).toHaveLength(1);
  expect(prometheusText({ x_scale_1: 1, x_scale_2: 2 }, {}).match(/^# TYPE/gm)).toHaveLength(1);
});

test('the file beside the metrics: replaced at every record, gone at the end', () => {
  const run = folder();
  const exporter = new MetricsExporter({ run, kind: 'train', images: 100 });
  expect(exporter.path).toBe(join(run, 'metrics.prom'));
  const before = Date.now() / 1000;
  for (const step of [1, 2]) exporter.record({ step, imagesSeen: 8 * step }, { loss: 1 / step });
  expect(readdirSync(run)).toEqual(['metrics.prom']);
  const text = readFileSync(exporter.path, 'utf8');
  const labels = `{run="${run}",kind="train"}`;
  for (const line of ['step', 'images_seen', 'images_total', 'loss'].map(
    (name, i) => `scalewise_${name}${labels} ${[2, 16, 100, 0.5][i]!}\n`,
  ))
    // prettier-ignore
    expect(text).toContain(line);
  expect(Number(/last_record_timestamp_seconds\{.*\} (.*)/.exec(text)![1])).toBeGreaterThanOrEqual(before);
  exporter.close();
  exporter.close();
  expect(existsSync(exporter.path)).toBe(false);
});

test('in a folder that a collector reads, every run has a name of its own', () => {
  const [shared, base] = [folder(), folder()];
  const names = ['a/train', 'b/train'].map((name) =>
    basename(new MetricsExporter({ run: join(base, name), kind: 'train', images: 1, folder: shared }).path),
  );
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^scalewise-train-[0-9a-f]{8}\.prom$/);
});

test('a folder that no collector reads is refused', () => {
  const absent = join(folder(), 'absent');
  expect(() => new MetricsExporter({ run: folder(), kind: 'train', images: 1, folder: absent })).toThrow(UsageError);
});
