// What the record of a model holds of the measurements that an experiment wants, one for every way of sampling.
import type { Measure } from '../recipes/index.js';
import type { Measurement, Measuring, ReportSite } from './arms.js';
import { type Draw, drawsOf } from './draw.js';
import type { ArmRecord } from './record.js';

/** A measurement's name in a record. */
export function measurementKey(
  { headline, fingerprint }: Measure,
  { topK, topP, count, batchSize }: Measuring,
  { cfg, temperature }: Draw,
): string {
  const tempered = temperature === 1 ? '' : ` temperature=${temperature}`;
  return `${headline.key} cfg=${cfg}${tempered} top-k=${topK} top-p=${topP} n=${count} batch=${batchSize} by=${fingerprint}`;
}

/** The ways of sampling that a model is still to be measured with. */
export function missing({ assessor }: ReportSite, record: ArmRecord, options: Measuring): Draw[] {
  return drawsOf(options).filter((draw) => !record.measurement(measurementKey(assessor, options, draw)));
}

/** What a record holds of a model that was measured with every way of sampling. */
export function measurementsOf({ assessor }: ReportSite, record: ArmRecord, options: Measuring): Measurement[] {
  return drawsOf(options).map((draw) => ({ ...draw, figures: record.measurement(measurementKey(assessor, options, draw))! })); // prettier-ignore
}
