// How a step is laid out: what there is to know at the side, what there is to see beside it.
import type { ComponentChildren } from 'preact';
import type { Explanation, Model } from '../../../../src/studio/api/index.js';
import type { Address } from '../address.js';

/** What every step is given. */
export interface StepProps {
  explanation: Explanation;
  /** Those of all models that can be compared, as far as they are there. */
  all: readonly Explanation[];
  model: Model;
  /** Number of the scale that is looked at. */
  selected: number;
  onSelect: (index: number) => void;
  choice: Address['choice'];
  gamma: number;
  onGamma: (gamma: number, settled: boolean) => void;
}

interface Props {
  title: string;
  text: ComponentChildren;
  children: ComponentChildren;
}

/** The layout. */
export function Lesson({ title, text, children }: Props) {
  return (
    <section class="lesson" aria-labelledby="step-title">
      <div class="lesson-text">
        <h2 id="step-title">{title}</h2>
        {text}
      </div>
      <div class="lesson-view panel">{children}</div>
    </section>
  );
}

/** Figures with their names. */
export function Figures({ of }: { of: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl class="figures">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="figure">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
