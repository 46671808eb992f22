// Step 2: pass 1, in which every scale is fed with the truth.
import { mean, two } from '../../view/measures.js';
import { Inspector, LevelStrip, type Row } from '../levels.js';
import { correctView, feeding, percent, pictureView, shareCorrect, tokensView } from '../read.js';
import { Figures, Lesson, type StepProps } from './lesson.js';

/** The step. */
export function TeacherStep({ explanation, model, selected, onSelect, choice }: StepProps) {
  const { pyramid, teacher, scales, losses } = explanation;
  const { stride } = model.scalewise;
  const truth = pyramid.map(({ picture }) => pictureView('The truth', picture, 'what the true tokens decode to'));
  const fed = teacher.map(({ input }) => (input === null ? undefined : pictureView('Fed with', input, `the truth of ${feeding(explanation)}`))); // prettier-ignore
  const predicted = teacher.map(({ picture }) => pictureView('Predicted', picture, 'what the predicted tokens decode to')); // prettier-ignore
  const correct = teacher.map((level) => correctView('As in the image', level));
  const rows: Row[] = [
    { name: 'The truth', cells: truth },
    { name: 'Fed with', cells: fed, absent: 'class', from: 'before' },
    { name: 'Predicted', cells: predicted, from: 'same' },
    {
      name: 'As in the image',
      cells: correct,
      figures: teacher.map(({ correct: all }) => `${all.filter(Boolean).length}/${all.length}`),
    },
  ];
  const text = (
    <>
      <p>
        In training every scale is fed with the truth: the image’s own tokens of {feeding(explanation)}. So all
        scales are predicted in one pass, and a scale never sees a mistake of the one before. This is{' '}
        <strong>teacher forcing</strong>.
      </p>
      <p>
        When the model draws, there is no truth to be fed with. Each scale gets what the model chose before,
        mistakes included, which teacher forcing never shows it: <strong>exposure bias</strong>. A mistake at a coarse
        scale reaches every finer one.
      </p>
      <Figures
        of={[
          ['Tokens as in the image', percent(shareCorrect(teacher))],
          ['Entropy, bits a token', two(mean(teacher.flatMap(({ entropy }) => entropy)))],
          ['L_TF, nats a token', two(losses.teacherTotal)],
        ]}
      />
      <p class="soft small">
        {choice === 'sample'
          ? 'The tokens shown are drawn from the predictions as the rollout of the next step draws them.'
          : 'The tokens shown are the most probable ones.'}
      </p>
    </>
  );
  const [level, own] = [teacher[selected]!, pyramid[selected]!];
  return (
    <Lesson title="Pass 1: teacher forcing" text={text}>
      <LevelStrip scales={scales} rows={rows} selected={selected} stride={stride} label="Scale of pass 1" onSelect={onSelect} />
      <Inspector
        scales={scales}
        selected={selected}
        stride={stride}
        views={[truth[selected]!, predicted[selected]!, correct[selected]!, tokensView('Predicted tokens', level.tokens)]}
        readout={(at) => `code ${level.tokens[at]}${level.correct[at] ? ', as in the image' : `, in the image ${own.tokens[at]}`}; ${two(level.entropy[at]!)} bits; loss ${two(level.loss[at]!)} nats`}
        summary={`${correct[selected]!.told}; ${two(mean(level.entropy))} bits a token`}
      />
    </Lesson>
  );
} // prettier-ignore
