// What the comparison of SAR with its control says, as a Markdown table and a few sentences that hold whichever way it points.
import {
  type Outcome,
  pairedDifferences,
  type RefineVsControlOptions,
  summarise,
  type Summary,
} from './refineVsControl.js';

const names = { before: 'before', sar: 'SAR', control: 'control' };

function row({ arm, cfg, mean, spread }: Summary): string {
  const cell = (key: 'fcd' | 'precision' | 'recall' | 'agreement', digits: number) =>
    arm === 'before' ? mean[key].toFixed(digits) : `${mean[key].toFixed(digits)} ± ${spread[key].toFixed(digits)}`;
  return `| ${names[arm]} | ${cfg} | ${cell('fcd', 3)} | ${cell('precision', 3)} | ${cell('recall', 3)} | ${cell('agreement', 3)} |`;
}

/** Mean and its standard error. */
function meanAndError(values: readonly number[]): [mean: number, error: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(values.length - 1, 1);
  return [mean, Math.sqrt(variance / values.length)];
}

function best(summaries: readonly Summary[], arm: Summary['arm']): Summary {
  return summaries.filter((one) => one.arm === arm).reduce((a, b) => (b.mean.fcd < a.mean.fcd ? b : a));
}

/** The report as Markdown. */
export function refineVsControlReport(options: RefineVsControlOptions, outcomes: readonly Outcome[]): string {
  const summaries = summarise(outcomes);
  const order = { before: 0, control: 1, sar: 2 };
  const sorted = [...summaries].sort((a, b) => a.cfg - b.cfg || order[a.arm] - order[b.arm]);
  const [sar, control] = [best(summaries, 'sar'), best(summaries, 'control')];
  const differences = options.cfgs.map((cfg) => {
    const [mean, error] = meanAndError(pairedDifferences(outcomes, cfg));
    const verdict =
      Math.abs(mean) > 2 * error ? 'beyond two standard errors' : 'within two standard errors: no difference shown';
    return `- guidance ${cfg}: SAR − control = ${mean.toFixed(3)} ± ${error.toFixed(3)} (${verdict})`;
  });
  return `# SAR against its control, ${options.seeds} seeds

Both arms go on from \`${options.generator}\` for as many steps at the same learning rate on the same batches; the control by teacher forcing.
${options.count} samples a judgement, the same sampling seeds for all; FCD is the Fréchet classifier distance, not FID. Mean ± standard deviation over seeds.

| arm | guidance | FCD | precision | recall | class agreement |
|---|---|---|---|---|---|
${sorted.map(row).join('\n')}

At each arm's own best guidance: SAR ${sar.mean.fcd.toFixed(3)} (guidance ${sar.cfg}), control ${control.mean.fcd.toFixed(3)} (guidance ${control.cfg}).
Paired by seed, mean and standard error of the FCD's difference (negative: SAR is nearer to the held-out images):

${differences.join('\n')}
`;
}
