// Which images `scalewise sample` makes: of which classes, with which seeds, and how they were asked for.
import { balancedLabels, type ImagePlan, type KeptSettings, type LabelOrder } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { classIndices } from './samplingOptions.js';
import { wholeNumber } from './settingsOptions.js';

/** The flags that settle it. */
export interface PlanFlags {
  class: readonly string[];
  count: number;
  total?: number;
  order?: string;
  seed: number;
  seeds?: string;
}

/** The images, and their layout as a picture. */
export interface SamplePlan {
  images: ImagePlan[];
  columns: number;
  /** Names of the rows; none where a row holds several classes. */
  rowLabels: string[];
  /** What was asked for. */
  asked: KeptSettings;
}

const orders = ['shuffled', 'sorted', 'interleaved'] as const satisfies readonly LabelOrder[];

function seedsFrom({ seeds, seed, count }: PlanFlags): number[] {
  return seeds?.split(',').map(wholeNumber('--seeds')) ?? Array.from({ length: count }, (_, i) => seed + i);
}

/** The plan of the flags: a row of images for each class, or a number of them in all. */
export function planFrom(flags: PlanFlags, classes: readonly string[]): SamplePlan {
  const { total, seed } = flags;
  const chosen = flags.class.length ? classIndices(flags.class, classes) : classes.map((_, i) => i);
  const names = chosen.map((label) => classes[label]!);
  const classesAsked = flags.class.length ? names : 'all';
  if (total === undefined) {
    if (flags.order !== undefined)
      throw new UsageError('--order: expected together with --total; the rows of --count are sorted');
    const seeds = seedsFrom(flags);
    const images = chosen.flatMap((label) => seeds.map((one) => ({ label, seed: one })));
    return { images, columns: seeds.length, rowLabels: names, asked: { classes: classesAsked, seeds } };
  }
  const order = orders.find((one) => one === (flags.order ?? 'shuffled'));
  if (!order) throw new UsageError(`--order: expected ${orders.join(', ')}, got '${flags.order}'`);
  const labels = balancedLabels(total, chosen.length, seed, order);
  const images = labels.map((at, i) => ({ label: chosen[at]!, seed: seed + i }));
  return {
    images,
    columns: Math.ceil(Math.sqrt(total)),
    rowLabels: [],
    asked: { classes: classesAsked, total, order, seed },
  };
}
