// Step 6: the loss of both passes, how γ weighs them, and what the gradient pulls where.
import { useId } from 'preact/hooks';
import { scaleName } from '../../settings/settings.js';
import { two } from '../../view/measures.js';
import { Fence, Formula, Hat, Index, MinusMean, Sum } from '../formula.js';
import { Inspector, Legend } from '../levels.js';
import { amountView, counts, meanDifference, mostOf, partsOf, percent, total } from '../read.js';
import { Lesson, type StepProps } from './lesson.js';

/** The slider's places: none, then a thousandth to one in equal ratios. */
const [places, perDecade] = [90, 30];
const gammaAt = (place: number): number => (place === 0 ? 0 : Number((10 ** (place / perDecade - 3)).toPrecision(2)));
const placeOf = (gamma: number): number => gamma <= 0 ? 0 : Math.min(places, Math.max(1, Math.round(perDecade * (Math.log10(gamma) + 3)))); // prettier-ignore

const three = (value: number): string => value.toFixed(3);

/** γ, and the sum that it makes. */
function Gamma({ explanation, gamma, onGamma }: Pick<StepProps, 'explanation' | 'gamma' | 'onGamma'>) {
  const id = useId();
  const { teacherTotal, csfTotal, gamma: usual } = explanation.losses;
  return (
    <div class="gamma">
      <label class="label" htmlFor={id}>
        γ, the weight of L_CSF
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={places}
        value={placeOf(gamma)}
        aria-valuetext={`γ ${gamma}`}
        onInput={(event) => onGamma(gammaAt(Number(event.currentTarget.value)), false)}
        onChange={(event) => onGamma(gammaAt(Number(event.currentTarget.value)), true)}
      />
      <output class="figure" htmlFor={id}>
        γ = {gamma}
        {gamma === usual ? ' (the authors’)' : ''}
      </output>
      <p class="sum figure" data-total={total(explanation, gamma)}>
        {three(teacherTotal)} + {gamma} × {three(csfTotal ?? 0)} = <strong>{three(total(explanation, gamma))}</strong>
      </p>
    </div>
  );
}

function Bar({ value, most, kind }: { value: number; most: number; kind: 'tf' | 'csf' }) {
  return <i class={`loss-bar ${kind}`} style={{ width: `${(100 * value) / most}%` }} aria-hidden="true" />;
}

/** Losses by scale, and each scale's part of the sum. */
function Bars({ explanation, gamma, selected, onSelect }: Pick<StepProps, 'explanation' | 'gamma' | 'selected' | 'onSelect'>) {
  const { losses, scales, pyramid } = explanation;
  const most = mostOf([losses.teacher, losses.csf.map((one) => one ?? 0)], 0.1);
  const parts = partsOf(explanation, gamma);
  const sum = total(explanation, gamma);
  const largest = mostOf([parts.map(({ teacher, csf }) => teacher + csf)], 1e-6);
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Losses by scale">
      <table class="losses">
        <caption>Losses in nats a token, and each scale’s part of L_SAR</caption>
        <thead>
          <tr>
            <th scope="col">Scale</th>
            <th scope="col">L_TF</th>
            <th scope="col">L_CSF</th>
            <th scope="col">Part of L_SAR</th>
          </tr>
        </thead>
        <tbody>
          {scales.map((scale, i) => {
            const { teacher, csf } = parts[i]!;
            const own = losses.csf[i] ?? null;
            return (
              <tr key={i} data-chosen={i === selected ? '' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    class="plain figure"
                    aria-pressed={i === selected}
                    aria-label={`Look at scale ${scaleName(scale)}, ${pyramid[i]!.tokens.length} tokens`}
                    onClick={() => onSelect(i)}
                  >
                    {scaleName(scale).replaceAll(' ', '')}
                  </button>
                </th>
                <td>
                  <Bar value={losses.teacher[i]!} most={most} kind="tf" />
                  <span class="figure">{two(losses.teacher[i]!)}</span>
                </td>
                <td>
                  {own !== null && <Bar value={own} most={most} kind="csf" />}
                  <span class="figure">{own === null ? 'no student' : two(own)}</span>
                </td>
                <td>
                  <span class="stack" aria-hidden="true">
                    <Bar value={teacher} most={largest} kind="tf" />
                    <Bar value={csf} most={largest} kind="csf" />
                  </span>
                  <span class="figure">{percent((teacher + csf) / sum)}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
} // prettier-ignore

/** What flows where: the passes, their losses, and the one way that is closed. */
function Flow() {
  return (
    <figure class="flow">
      <ol>
        <li>
          <strong>Pass 1</strong> is pulled by L_TF towards the image’s tokens.
        </li>
        <li class="closed">
          <strong>Stop-gradient.</strong> The tokens that pass 1 chose are constants: as inputs of pass 2, and as what
          it is to predict.
        </li>
        <li>
          <strong>Pass 2</strong> is pulled by γ L_CSF towards what pass 1 chose with true inputs. Pass 1 is not pulled
          towards pass 2.
        </li>
      </ol>
      <figcaption class="soft small">The weights are shared: one backward pass goes through both.</figcaption>
    </figure>
  );
}

/** All models beside each other. */
function Compared({ all, model, gamma }: Pick<StepProps, 'all' | 'gamma'> & { model: string }) {
  if (all.length < 2) return null;
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Models compared">
      <table>
        <caption>The same image in each model</caption>
        <thead>
          <tr>
            {['Model', 'L_TF', 'L_CSF', 'L_SAR', 'KL, bits'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.model} data-chosen={one.model === model ? '' : undefined}>
              <th scope="row">{one.model}</th>
              {[one.losses.teacherTotal, one.losses.csfTotal ?? 0, total(one, gamma), meanDifference(one)].map((value, i) => (
                <td key={i} class="figure">
                  {three(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
} // prettier-ignore

/** −1/n ∑ log p(x | …), of the truth or of what pass 1 chose. */
function Loss({ name, label, n, chosen }: { name: string; label: string; n: string; chosen: boolean }) {
  const code = chosen ? <Hat /> : <mi>x</mi>;
  return (
    <Formula label={label}>
      <Index of="L" by={name} />
      <mo>=</mo>
      <MinusMean n={n} />
      <Sum over={<mi>t</mi>} />
      <mi>log</mi>
      {chosen ? <Index of="q" by="t" /> : <Index of="p" by="t" />}
      <Fence of="(" />
      {chosen && <mtext>sg</mtext>}
      {chosen && <Fence of="[" />}
      <msub>
        {code}
        <mi>t</mi>
      </msub>
      {chosen && <Fence of="]" />}
      <Fence of=")" />
    </Formula>
  );
}

/** The step. */
export function LossStep({ explanation, all, model, selected, onSelect, gamma, onGamma }: StepProps) {
  const { teacher, student, scales, pyramid } = explanation;
  const { stride } = model.scalewise;
  const { all: count, student: students } = counts(explanation);
  const [first, second] = [teacher[selected]!, student[selected]!];
  const most = mostOf([first.loss, second.loss], 0.1);
  const views = [
    amountView('L_TF, nats', first.loss, most, 'nats'),
    ...(second.loss.length ? [amountView('L_CSF, nats', second.loss, most, 'nats')] : []),
  ];
  const pull = (loss: number, weight: number) => (weight * (1 - Math.exp(-loss))).toPrecision(2);
  const readout = (i: number) => {
    const told = `true code ${pyramid[selected]!.tokens[i]}: p = ${percent(Math.exp(-first.loss[i]!))}, pulled up by ${pull(first.loss[i]!, 1 / count)}`;
    if (!second.loss.length) return told;
    return `${told}; pass 1’s code ${first.tokens[i]}: q = ${percent(Math.exp(-second.loss[i]!))}, pulled up by ${pull(second.loss[i]!, gamma / students)}`;
  };
  const text = (
    <>
      <p>
        Pass 1 is trained as ever; pass 2 adds the <strong>contrastive student-forcing loss</strong>, which asks it for
        the very tokens that pass 1 chose. <b>Not for the true ones</b>: its inputs are not the truth’s any more, and
        asking for the truth all the same makes training unstable, as the paper reports. (In spite of its name nothing is contrasted: it is a cross-entropy.)
      </p>
      <Formula label="L SAR is L TF plus gamma times L CSF.">
        <Index of="L" by="SAR" />
        <mo>=</mo>
        <Index of="L" by="TF" />
        <mo>+</mo>
        <mi>γ</mi>
        <Index of="L" by="CSF" />
      </Formula>
      <Loss name="TF" n="T" chosen={false} label={`L TF is the mean over all ${count} tokens of the negative logarithm of pass 1's probability of the true code.`} />
      <Loss name="CSF" n="S" chosen label={`L CSF is the mean over the ${students} tokens that have a student of the negative logarithm of pass 2's probability of the code that pass 1 chose, which is a constant.`} />
      <p class="soft small">
        Over all T = {count} tokens, and the S = {students} that have a student. Every token counts the same, so the
        finest scales weigh the most.
      </p>
      <Flow />
    </>
  ); // prettier-ignore
  return (
    <Lesson title="The loss, and where it pulls" text={text}>
      <Gamma explanation={explanation} gamma={gamma} onGamma={onGamma} />
      <Bars explanation={explanation} gamma={gamma} selected={selected} onSelect={onSelect} />
      <Compared all={all} model={explanation.model} gamma={gamma} />
      <Inspector
        scales={scales}
        selected={selected}
        stride={stride}
        views={views}
        readout={readout}
        legend={<Legend most={most} unit="nats" />}
        summary="At a token: how far the gradient pulls the logit of the code that is asked for, (1 − p)/T in pass 1 and γ (1 − q)/S in pass 2."
      />
    </Lesson>
  );
} // prettier-ignore
