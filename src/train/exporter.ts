// The last recorded numbers for a cluster's dashboards: a file in Prometheus' text format that node_exporter's textfile collector reads.
// A file answers while the process is deep in libtorch, needs no port, and goes through whatever the cluster's Prometheus feeds already.
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import type { Clock } from './checkpointFiles.js';

/** What a series is told apart by. */
export interface ExporterOptions {
  /** The run's folder; its absolute path is the label `run`. */
  run: string;
  /** Label `kind`: tokenizer, train, refine. */
  kind: string;
  /** Images of the whole training. */
  images: number;
  /** Folder that a collector reads; the run's own, as `metrics.prom`, by default. */
  folder?: string;
}

const prefix = 'scalewise_';

/** What is said of a metric; one whose name is not here is said to be a recorded number. All runs of a machine must say the same. */
const help: Readonly<Record<string, string>> = {
  step: 'Training steps done.',
  images_seen: 'Images trained on.',
  images_total: 'Images to train on in all.',
  last_record_timestamp_seconds: 'When these numbers were recorded.',
  loss: 'The loss that is minimised.',
  loss_scale: 'Cross-entropy of the tokens of one scale against the true ones.',
  accuracy_scale: 'Share of the tokens of one scale that are predicted rightly.',
  learning_rate: 'The learning rate of the last step.',
  gradient_norm: 'The global gradient norm before clipping.',
  images_per_second: 'Images trained on a second, of all processes.',
  skipped: 'Steps that updated nothing, because a loss or gradient was not finite.',
  data_wait: 'Share of the time that steps waited for data.',
  tflops_per_second: "The model's operations a second on one device, in 1e12.",
  mfu: "The model's operations a second as a share of the device's peak.",
  memory_peak: 'Bytes that the process held in memory at most.',
  device_memory_peak: "Bytes that tensors held of the GPU's memory at most.",
};

/** A recorded name as Prometheus has it: what is of one scale (`loss_scale_8`) has the scale as a label. */
function seriesOf(name: string): { metric: string; scale?: string } {
  const [, measure, scale] = /^(.+_scale)_(.+)$/.exec(name) ?? [];
  return { metric: prefix + (measure ?? name).replace(/[^a-zA-Z0-9_]/g, '_'), ...(scale && { scale }) };
}

/** A label's value between quotes. */
const quoted = (text: string) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

/** A number as Prometheus writes it. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

const inBraces = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`).join(','); // prettier-ignore

/** Gauges in Prometheus' text format, sorted by name, all with the given labels. */
export function prometheusText(
  values: Readonly<Record<string, number>>,
  labels: Readonly<Record<string, string>>,
): string {
  const metrics = new Map<string, Map<string, number>>(); // of each metric its series: a reader refuses what comes twice
  for (const [name, value] of Object.entries(values)) {
    const { metric, scale } = seriesOf(name);
    const series = metrics.get(metric) ?? new Map<string, number>();
    metrics.set(metric, series.set(inBraces({ ...labels, ...(scale && { scale }) }), value));
  }
  return Array.from(metrics)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([metric, series]) => {
      const said = help[metric.slice(prefix.length)] ?? 'A number that training records.';
      const lines = Array.from(series, ([braces, value]) => `${metric}{${braces}} ${numberText(value)}\n`);
      return `# HELP ${metric} ${said}\n# TYPE ${metric} gauge\n${lines.join('')}`;
    })
    .join('');
}

/** Keeps a run's file up to date. */
export class MetricsExporter {
  readonly path: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #images: number;

  /** @throws UsageError where the collector's folder is absent: nothing reads what is written elsewhere */
  constructor({ run, kind, images, folder }: ExporterOptions) {
    if (folder !== undefined && !existsSync(folder))
      throw new UsageError(`metricsFolder: there is no folder ${folder}; give the one that node_exporter reads`);
    const place = resolve(run);
    const sum = createHash('sha256').update(`${hostname()}:${place}`).digest('hex').slice(0, 8);
    this.path =
      folder === undefined ? join(place, 'metrics.prom') : join(folder, `scalewise-${basename(place)}-${sum}.prom`);
    this.#labels = { run: place, kind };
    this.#images = images;
  }

  /** Replaces the file by the numbers of now: a reader sees the old ones or the new. */
  record({ step, imagesSeen }: Pick<Clock, 'step' | 'imagesSeen'>, values: Readonly<Record<string, number>>): void {
    const last_record_timestamp_seconds = Date.now() / 1000;
    const all = { ...values, step, images_seen: imagesSeen, images_total: this.#images, last_record_timestamp_seconds };
    writeFileAtomic(this.path, prometheusText(all, this.#labels), { sync: false });
  }

  /** Takes the file away: a run that has ended has no present. What a killed one leaves tells its age by its time stamp. */
  close(): void {
    explainIo(this.path, () => {
      rmSync(this.path, { force: true });
    });
  }
}
