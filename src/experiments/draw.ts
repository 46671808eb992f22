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

const guidanceText = (cfg: number) => (cfg === 0 ? 'none' : String(cfg));

/** What a table's column or a sentence says of a way of sampling: its temperature where several are measured, or one that is not the usual 1. */
export function drawText({ cfg, temperature }: Draw, { temperatures }: Pick<Draws, 'temperatures'>): string {
  return temperatures.length > 1 || temperature !== 1
    ? `${guidanceText(cfg)}, temperature ${temperature}`
    : guidanceText(cfg);
}

/** Whether a strength of guidance or a temperature is an end of those measured, beyond which others could serve better. */
function isEnd(value: number, values: readonly number[]): boolean {
  return values.length > 1 && (value === Math.max(...values) || (value === Math.min(...values) && value > 0));
}

/** A way of sampling as cells: its guidance, and its temperature where several are measured; marked where they are an end of those measured. */
export function drawCells(best: Draw, { cfgs, temperatures }: Draws): string[] {
  const marked = (text: string, value: number, values: readonly number[]) => `${text}${isEnd(value, values) ? ' (end)' : ''}`; // prettier-ignore
  const guidance = marked(guidanceText(best.cfg), best.cfg, cfgs);
  return temperatures.length > 1
    ? [guidance, marked(String(best.temperature), best.temperature, temperatures)]
    : [guidance];
}

/** What it is that ways of sampling differ in. */
export const wayText = ({ temperatures }: Draws) => (temperatures.length > 1 ? 'guidance and temperature' : 'guidance');
