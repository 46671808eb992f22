// The formulas, as MathML: read by screen readers, drawn by the browser.
import type { ComponentChildren } from 'preact';

/** A formula on a line of its own. */
export function Formula({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="formula">
      <math display="block" aria-label={label}>
        {children}
      </math>
    </div>
  );
}

interface Sub {
  of: string;
  by: ComponentChildren;
}

/** A letter with an index, such as L with TF. */
export function Index({ of, by }: Sub) {
  return (
    <msub>
      <mi>{of}</mi>
      {typeof by === 'string' ? by.length > 1 ? <mtext>{by}</mtext> : <mi>{by}</mi> : <mrow>{by}</mrow>}
    </msub>
  );
}

/** Preact would leave a `false` out, and browsers would stretch it. */
const rigid = { stretchy: 'false' } as unknown as { stretchy: boolean };

/** A bracket or bar of the height of the letters. */
export function Fence({ of }: { of: string }) {
  return <mo {...rigid}>{of}</mo>;
}

/** A sum over an index. */
export function Sum({ over }: { over: ComponentChildren }) {
  return (
    <munder>
      <mo>∑</mo>
      <mrow>{over}</mrow>
    </munder>
  );
}

/** x with a hat: what was chosen in pass 1. */
export function Hat({ of = 'x' }: { of?: string }) {
  return (
    <mover accent>
      <mi>{of}</mi>
      <mo>^</mo>
    </mover>
  );
}

/** −1/n, before a sum. */
export function MinusMean({ n }: { n: string }) {
  return (
    <>
      <mo>−</mo>
      <mfrac>
        <mn>1</mn>
        <mi>{n}</mi>
      </mfrac>
    </>
  );
}
