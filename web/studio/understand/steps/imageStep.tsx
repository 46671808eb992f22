// Step 1: the image and its pyramid of tokens.
import { counted } from '../../view/measures.js';
import { Fence, Formula, Index } from '../formula.js';
import { Inspector, LevelStrip, type Row } from '../levels.js';
import { counts, percent, pictureView, tokensView } from '../read.js';
import { Figures, Lesson, type StepProps } from './lesson.js';

/** The step. */
export function ImageStep({ explanation, model, selected, onSelect }: StepProps) {
  const { pyramid, scales, family, image } = explanation;
  const { stride, vocabularySize } = model.scalewise;
  const tokens = pyramid.map((level) => tokensView('Tokens', level.tokens));
  const pictures = pyramid.map(({ picture }) => pictureView('Decoded', picture, 'the picture that these tokens decode to'));
  const alone = pyramid.map((level) => level.alone ? pictureView('This scale alone', level.alone, 'what this scale alone decodes to') : undefined); // prettier-ignore
  const rows: Row[] = [
    { name: 'Tokens', cells: tokens },
    ...(family === 'var' ? [{ name: 'Alone', cells: alone }] : []),
    { name: family === 'var' ? 'Sum so far' : 'Decoded', cells: pictures, from: 'same' },
  ];
  const last = pyramid.at(-1)!.tokens.length;
  const { all } = counts(explanation);
  const text = (
    <>
      <p>
        The tokenizer says the image in {counted(all, 'token')}, each one of {vocabularySize} codes, at{' '}
        {counted(scales.length, 'scale')} from coarse to fine.{' '}
        {family === 'var'
          ? 'Each scale holds what the scales before it left over; the sum of all of them decodes to the image.'
          : 'Each scale is the whole image anew: its latent made smaller, every position replaced by the nearest code. So each decodes to a picture by itself.'}
      </p>
      <p>
        The generator draws in this order. All tokens of one scale are predicted at once, from the class and the scales
        before it:
      </p>
      <Formula label="The probability of all scales, given the class, is the product over the scales k of the probability of scale k given the class and the scales before it.">
        <mi>p</mi>
        <Fence of="(" />
        <Index of="r" by="1" />
        <mo>,</mo>
        <mo>…</mo>
        <mo>,</mo>
        <Index of="r" by="K" />
        <Fence of=")" />
        <mo>=</mo>
        <munder>
          <mo>∏</mo>
          <mi>k</mi>
        </munder>
        <mi>p</mi>
        <Fence of="(" />
        <Index of="r" by="k" />
        <Fence of="|" />
        <mi>c</mi>
        <mo>,</mo>
        <Index of="r" by={<><mo>&lt;</mo><mi>k</mi></>} />
        <Fence of=")" />
      </Formula>
      <Figures
        of={[
          ['Tokens', `${all}`],
          ['of these, the last scale’s', `${last} (${percent(last / all)})`],
        ]}
      />
    </>
  ); // prettier-ignore
  const level = pyramid[selected]!;
  return (
    <Lesson title="The image, scale by scale" text={text}>
      <LevelStrip scales={scales} rows={rows} selected={selected} stride={stride} label="Scale of the pyramid" onSelect={onSelect} />
      <Inspector
        scales={scales}
        selected={selected}
        stride={stride}
        views={[
          pictureView('The image', image, 'the image'),
          pictures[selected]!,
          ...(alone[selected] ? [alone[selected]] : []),
          tokens[selected]!,
        ]}
        readout={(at) => `code ${level.tokens[at]}`}
        summary={tokens[selected]!.told}
      />
    </Lesson>
  );
} // prettier-ignore
