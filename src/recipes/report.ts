// The quickstart's report: what was run, the figures, and what they can and cannot tell.
import { imageCount, type ImageSet } from '../data/index.js';
import { scaleName } from '../tokenizers/index.js';
import { libtorch, threads } from '../torch/index.js';
import type { Judge, Verdict } from './judge.js';
import type { SamplingSettings } from './pictures.js';
import type { QuickstartOptions } from './quickstart.js';
import type { ReconstructionReport } from './reconstruction.js';

/** One model's figures. */
export interface Arm {
  name: 'before' | 'control' | 'sar';
  figures: Verdict;
}

/** All that the report tells of. */
export interface ReportContent {
  options: QuickstartOptions;
  train: ImageSet;
  heldOut: ImageSet;
  judge: Judge;
  arms: readonly Arm[];
  /** What real training images get. */
  real: Verdict;
  reconstruction: ReconstructionReport;
  how: SamplingSettings;
  seconds: number;
}

const armNames = { before: 'before SAR', control: 'control (teacher forcing goes on)', sar: 'after SAR' };
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Figures of one row of the table. */
export function verdictRow(name: string, { fcd, precision, recall, agreement }: Verdict): string {
  return `| ${name} | ${fcd.toFixed(2)} | ${precision.toFixed(3)} | ${recall.toFixed(3)} | ${percent(agreement)} |`;
}

function guidanceText({ guidance }: SamplingSettings): string {
  if (!guidance) return 'none';
  return `${guidance.shape} ${guidance.shape === 'list' ? guidance.weights.join(', ') : guidance.scale}`;
}

/** What the figures say, in a sentence that holds whichever way they point. */
function comparison(arms: readonly Arm[]): string {
  const fcd = (name: Arm['name']) => arms.find((arm) => arm.name === name)!.figures.fcd;
  const change = (100 * (fcd('sar') - fcd('control'))) / fcd('control');
  const verb = change < 0 ? 'below' : 'above';
  return `With this one seed the FCD after SAR is ${Math.abs(change).toFixed(1)} % ${verb} the control's.
One seed cannot tell such a difference from noise: \`scalewise experiment forcing --arms sar --seeds 3\` prints mean and spread.`;
}

/** The report as Markdown. */
export function quickstartReport(content: ReportContent): string {
  const { options, train, heldOut, judge, arms, real, reconstruction, how, seconds } = content;
  const { preset, seed, device, count } = options;
  const rows = arms.map(({ name, figures }) => verdictRow(armNames[name], figures));
  const scales = reconstruction.scales.map(
    ({ scale, psnr, usage }) => `| ${scaleName(scale)} | ${psnr!.toFixed(2)} | ${percent(usage)} |`,
  );
  const { version } = libtorch();
  return `# Quickstart: ${train.name}

Preset \`${preset}\`, seed ${seed}, ${imageCount(train)} training and ${imageCount(heldOut)} held-out images, ${seconds} s in all
(libtorch ${version}, ${device}, ${threads()} threads, ${how.precision ?? 'float32'}).

## Samples before and after SAR

${count} samples a model, the classes in equal shares, the same seeds for all; guidance ${guidanceText(how)}.

| model | FCD | precision | recall | class agreement |
|---|---|---|---|---|
${rows.join('\n')}
| real training images | ${real.fcd.toFixed(2)} | ${real.precision.toFixed(3)} | ${real.recall.toFixed(3)} | ${percent(real.agreement)} |

FCD is the Fréchet classifier distance: features of a small classifier trained on the same images (it finds the class of ${percent(judge.accuracy)}
of the held-out images), against ${judge.reference}. It is not FID and compares only models of this data set.
Class agreement: how often the classifier takes a sample for the class that was asked for.

${comparison(arms)}

![samples before and after SAR, same seeds](before-and-after.png)

More of them: [before](samples-before.png), [after](samples-after.png). One sample of four classes, scale by scale:

![four samples scale by scale](scale-by-scale.png)

## The tokenizer

${reconstruction.images} held-out images, reconstructed after each scale.

| scale | PSNR (dB) | codes in use |
|---|---|---|
${scales.join('\n')}

![reconstructions](reconstructions.png)

## Losses

![loss curves](loss-curves.png)
`;
}
