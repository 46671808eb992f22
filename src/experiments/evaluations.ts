// Measurements that `scalewise evaluate` made elsewhere, in any number of processes: the folders where they are looked for, and what is taken from them.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Assessor, type Figures, findWeights, type GeneratorCard, loadGenerator } from '../recipes/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { explainIo, sha256File } from '../util/files.js';
import type { Measuring } from './arms.js';
import type { Draw } from './draw.js';

/** What is measured: a model's key among the records of a ground, and the seed of its samples. */
export interface Measured {
  ground: string;
  key: string;
  seed: number;
  /** The run folder or file of the generator. */
  place: string;
}

/** The folder of one evaluation below an experiment's. */
export function evaluationFolder(
  out: string,
  { ground, key }: Pick<Measured, 'ground' | 'key'>,
  { cfg, temperature }: Draw,
  { topK, topP, count, batchSize }: Measuring,
): string {
  const tempered = temperature === 1 ? '' : `,temperature=${temperature}`;
  return join(
    out,
    'evaluations',
    ground,
    key,
    `cfg=${cfg}${tempered},top-k=${topK},top-p=${topP},n=${count},batch=${batchSize}`,
  );
}

/** Images of a part: whole batches, so that an evaluation has those of a measurement in one piece. */
export const partOf = (batchSize: number) => batchSize * Math.max(1, Math.floor(500 / batchSize));

/** What is read of an evaluation's `result.json`. */
const resultSchema = z.object({
  protocol: z.object({
    network: z.object({ sha256: z.string() }),
    reference: z.record(z.string(), z.unknown()),
    batchSize: z.number(),
    partSize: z.number(),
  }),
  models: z.tuple([
    z.object({
      figures: z.record(z.string(), z.number().nullable()),
      identity: z.object({
        generator: z.string(),
        count: z.number(),
        seed: z.number(),
        settings: z.record(z.string(), z.unknown()),
      }),
    }),
  ]),
});

function read(path: string): z.infer<typeof resultSchema> {
  const text = explainIo(path, () => readFileSync(path, 'utf8'));
  try {
    return resultSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${path}: expected the result of one model as \`scalewise evaluate\` writes it, found something else; remove its folder to measure again`); // prettier-ignore
  }
}

/** As an assessor tells its network and reference from others. */
function fingerprintOf({ network, reference }: z.infer<typeof resultSchema>['protocol']): string {
  const identity = Object.fromEntries(Object.entries(reference).filter(([key]) => key !== 'name'));
  return createHash('sha256').update(network.sha256).update(JSON.stringify(identity)).digest('hex').slice(0, 16);
}

/** The scales that a generator samples with. */
function ownScales(place: string): GeneratorCard['scales'] {
  const { generator, card } = loadGenerator(place);
  generator.dispose();
  return card.scales;
}

/**
 * The figures of an evaluation where there is one.
 * @throws UsageError where it is of other weights, of another network or reference, or of other settings
 */
export function evaluationOf(
  out: string,
  measured: Measured,
  assessor: Assessor,
  draw: Draw,
  options: Measuring,
): Figures | undefined {
  const path = join(evaluationFolder(out, measured, draw, options), 'result.json');
  if (!existsSync(path)) return undefined;
  const { protocol, models } = read(path);
  const [{ figures, identity }] = models;
  const { topK, topP, count, batchSize } = options;
  const wanted = {
    generator: sha256File(findWeights(measured.place, 'generator')),
    network: assessor.fingerprint,
    batchSize,
    partSize: partOf(batchSize),
    count,
    seed: measured.seed,
    settings: {
      scales: ownScales(measured.place),
      guidance: { shape: 'ramp', scale: draw.cfg },
      topK,
      topP,
      temperature: draw.temperature,
    },
  };
  const { batchSize: batch, partSize } = protocol;
  const settings = { ...identity.settings, device: undefined, precision: undefined }; // a machine's own
  const changed = differences(
    { ...identity, settings, network: fingerprintOf(protocol), batchSize: batch, partSize },
    wanted,
  );
  if (changed.length)
    throw new UsageError(`${path}: expected an evaluation of ${measured.place} as --plan prints it, found one that differs in ${changed.join(', ')}; remove its folder to measure again`); // prettier-ignore
  return { images: count, ...Object.fromEntries(assessor.columns.map(({ key }) => [key, figures[key] ?? NaN])) };
}
