// What is recorded, sorted into groups as people look for it: loss, loss by scale, accuracy by scale, learning rate, gradient norm, throughput, and
// all else.

/** One metric of a group. */
export interface GroupedMetric {
  name: string;
  /** Within its group. */
  label: string;
}

/** Metrics that are drawn in one chart. */
export interface MetricGroup {
  title: string;
  /** What kind of numbers, which settles how they are written. */
  unit: Unit;
  metrics: GroupedMetric[];
  /** Whether its metrics are one measure at several scales. */
  isByScale: boolean;
}

export type Unit = 'number' | 'share' | 'bytes';

const known: Readonly<Record<string, string>> = {
  loss: 'Loss',
  loss_teacher: 'Teacher forcing',
  loss_csf: 'Consistency (CSFL)',
  loss_student: 'Student forcing',
  loss_l1: 'L1',
  loss_l2: 'L2',
  accuracy: 'Accuracy',
  learning_rate: 'Learning rate',
  gradient_norm: 'Gradient norm',
  images_per_second: 'Throughput (images/s)',
  data_wait: 'Time spent waiting for data',
  tflops_per_second: 'TFLOP/s',
  mfu: 'Model FLOPs utilization',
  memory_peak: 'Memory, peak',
  device_memory_peak: 'Memory of the device, peak',
  usage: 'Codes in use',
  revived: 'Codes revived',
  skipped: 'Steps skipped',
};

const first = ['loss', 'loss*', 'accuracy', 'accuracy*', 'learning_rate', 'gradient_norm', 'images_per_second'];

/** A metric's name for people. */
export function titleOf(name: string): string {
  const words = name
    .replace(/^loss_/, '')
    .replaceAll('_', ' ')
    .trim();
  return known[name] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** A metric's own name; of one measure at several scales, that of the measure with `*`. */
function keyOf(name: string): { key: string; scale?: string } {
  const [, measure, scale] = /^(.+)_scale_(.+)$/.exec(name) ?? [];
  if (scale !== undefined) return { key: `${measure!}*`, scale };
  return { key: name === 'loss' || name.startsWith('loss_') ? 'loss' : name };
}

function unitOf(key: string): Unit {
  if (/^(accuracy|usage)/.test(key) || key === 'mfu' || key === 'data_wait') return 'share';
  return key.endsWith('memory_peak') ? 'bytes' : 'number';
}

/** Orders scales by their first number. */
const byScale = (a: GroupedMetric, b: GroupedMetric) => parseFloat(a.label) - parseFloat(b.label) || a.label.localeCompare(b.label); // prettier-ignore

/** The groups of some metrics, those first that are looked at first. */
export function groupMetrics(names: readonly string[]): MetricGroup[] {
  const groups = new Map<string, MetricGroup>();
  for (const name of names) {
    const { key, scale } = keyOf(name);
    const measure = key.replace('*', '');
    const isByScale = scale !== undefined;
    const title = isByScale ? `${measure === 'loss' ? 'Loss' : titleOf(measure)} by scale` : titleOf(key);
    const group = groups.get(key) ?? { title, unit: unitOf(measure), metrics: [], isByScale };
    group.metrics.push({ name, label: isByScale ? scaleLabel(scale) : name === 'loss' ? 'Total' : titleOf(name) });
    groups.set(key, group);
  }
  for (const { metrics, isByScale } of groups.values()) if (isByScale) metrics.sort(byScale);
  const place = (key: string) => (first.includes(key) ? first.indexOf(key) : first.length);
  return [...groups].sort(([a], [b]) => place(a) - place(b)).map(([, group]) => group);
}

/** `8` as `8 × 8`, `4x6` as `4 × 6`. */
function scaleLabel(scale: string): string {
  const [height, width = height] = scale.split('x');
  return `${height} × ${width}`;
}
