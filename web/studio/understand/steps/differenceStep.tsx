// Step 5: the predictions of both passes beside each other, and how far apart they are at every token.
import { useMemo } from 'preact/hooks';
import { scaleName } from '../../settings/settings.js';
import { mean, two } from '../../view/measures.js';
import { Fence, Formula, Index, Sum } from '../formula.js';
import { Inspector, Legend, LevelStrip, type Row } from '../levels.js';
import { amountView, meanDifference, mostOf, pictureView, tokensView } from '../read.js';
import { Lesson, type StepProps } from './lesson.js';

/** Mean differences by scale, a row a model. */
function Means({ all, model }: Pick<StepProps, 'all'> & { model: string }) {
  const [{ scales }] = all as [StepProps['explanation']];
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="KL by scale">
      <table>
        <caption>KL in bits a token, the mean of each scale</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            {scales.map((scale, i) => (
              <th key={i} scope="col" class="figure">
                {scaleName(scale).replaceAll(' ', '')}
              </th>
            ))}
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.model} data-chosen={one.model === model ? '' : undefined}>
              <th scope="row">{one.model}</th>
              {one.difference.map((bits, i) => (
                <td key={i} class="figure">
                  {one.losses.csf[i] === null ? '–' : two(mean(bits))}
                </td>
              ))}
              <td class="figure">{two(meanDifference(one))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The step. */
export function DifferenceStep({ explanation, all, model, selected, onSelect }: StepProps) {
  const { teacher, student, difference, scales, pyramid } = explanation;
  const { stride } = model.scalewise;
  const most = useMemo(() => mostOf(all.flatMap((one) => one.difference), 0.1), [all]); // one colour scale for all models
  const first = teacher.map(({ picture }) => pictureView('Pass 1', picture, 'what pass 1 chose, decoded'));
  const second = student.map(({ picture }) => pictureView('Pass 2', picture, 'what pass 2 chose, decoded'));
  const maps = useMemo(() => difference.map((bits) => amountView('KL', bits, most, 'bits')), [difference, most]);
  const rows: Row[] = [
    { name: 'Pass 1', cells: first },
    { name: 'Pass 2', cells: second },
    { name: 'KL (bits)', cells: maps, figures: difference.map((bits) => two(mean(bits))) },
  ];
  const text = (
    <>
      <p>
        Same weights, same class, same random numbers: the passes differ only in what they were fed with. At every token
        the divergence of pass 2’s distribution <Letter>q</Letter> from pass 1’s <Letter>p</Letter> says how far the
        model’s own inputs led it astray, in bits:
      </p>
      <Formula label="The divergence of q from p is the sum over the codes v of p of v times the binary logarithm of p of v over q of v.">
        <mi>KL</mi>
        <Fence of="(" />
        <mi>p</mi>
        <Fence of="‖" />
        <mi>q</mi>
        <Fence of=")" />
        <mo>=</mo>
        <Sum over={<mi>v</mi>} />
        <Index of="p" by="v" />
        <msub>
          <mi>log</mi>
          <mn>2</mn>
        </msub>
        <mfrac>
          <Index of="p" by="v" />
          <Index of="q" by="v" />
        </mfrac>
      </Formula>
      <p>
        0 where the inputs made no difference. SAR’s loss asks pass 2 for what pass 1 chose, which draws the two
        together. (Distributions before guidance.)
      </p>
      <Means all={all} model={explanation.model} />
    </>
  );
  const at = selected;
  const here = mostOf(all.map((one) => one.difference[at] ?? []), 0.1);
  const map = useMemo(() => amountView('KL of pass 2 from pass 1', difference[at]!, here, 'bits'), [difference, at, here]); // prettier-ignore
  return (
    <Lesson title="Where the passes differ" text={text}>
      <LevelStrip scales={scales} rows={rows} selected={at} stride={stride} label="Scale of both passes" onSelect={onSelect} />
      <Inspector
        scales={scales}
        selected={at}
        stride={stride}
        legend={<Legend most={here} unit="bits" />}
        views={[
          first[at]!,
          second[at]!,
          map,
          tokensView('Tokens of pass 1', teacher[at]!.tokens),
          tokensView('Tokens of pass 2', student[at]!.tokens),
        ]}
        readout={(i) => `pass 1 code ${teacher[at]!.tokens[i]}, pass 2 code ${student[at]!.tokens[i]}, in the image ${pyramid[at]!.tokens[i]}; KL ${two(difference[at]![i]!)} bits`}
        summary={`${maps[at]!.told}; ${teacher[at]!.tokens.filter((code, i) => code === student[at]!.tokens[i]).length} of ${teacher[at]!.tokens.length} tokens chosen alike`}
      />
    </Lesson>
  );
} // prettier-ignore

function Letter({ children }: { children: string }) {
  return (
    <math>
      <mi>{children}</mi>
    </math>
  );
}
