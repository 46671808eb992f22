// How the models of an experiment are sampled to be measured, as far as it varies: the strength of guidance, and the temperature that divides the logits.

/** One way of sampling. */
export interface Draw {
  cfg: number;
  temperature: number;
}

/** The ways of sampling that an experiment measures at. */
export interface Draws {
  /** Strengths of guidance. */
  cfgs: readonly number[];
  temperatures: readonly number[];
}

/** Every guidance at one temperature after another. */
export function drawsOf({ cfgs, temperatures }: Draws): Draw[] {
  return temperatures.flatMap((temperature) => cfgs.map((cfg) => ({ cfg, temperature })));
}

export function sameDraw(a: Draw, b: Draw): boolean {
  return a.cfg === b.cfg && a.temperature === b.temperature;
}

export const guidanceText = (cfg: number) => (cfg === 0 ? 'none' : String(cfg));

/** What a table's column or a sentence says of a way of sampling, where several temperatures are measured and where one is. */
export function drawText({ cfg, temperature }: Draw, { temperatures }: Pick<Draws, 'temperatures'>): string {
  return temperatures.length > 1 ? `${guidanceText(cfg)}, temperature ${temperature}` : guidanceText(cfg);
}
