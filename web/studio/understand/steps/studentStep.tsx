// Step 4: pass 2, in which every scale is fed with the model's own predictions.
import { mean, two } from '../../view/measures.js';
import { Inspector, LevelStrip, type Row } from '../levels.js';
import { correctView, feeding, percent, pictureView, shareCorrect } from '../read.js';
import { Figures, Lesson, type StepProps } from './lesson.js';

/** The step. */
export function StudentStep({ explanation, model, selected, onSelect }: StepProps) {
  const { pyramid, teacher, student, scales } = explanation;
  const { stride } = model.scalewise;
  const fed = student.map(({ input }) => (input === null ? undefined : pictureView('Fed with', input, `what pass 1 chose at ${feeding(explanation)}`))); // prettier-ignore
  const predicted = student.map(({ picture }) => pictureView('Predicted', picture, 'what the tokens of pass 2 decode to')); // prettier-ignore
  const correct = student.map((level) => correctView('As in the image', level));
  const rows: Row[] = [
    { name: 'Fed with', cells: fed, absent: 'class' },
    { name: 'Predicted', cells: predicted, from: 'same' },
    {
      name: 'As in the image',
      cells: correct,
      figures: student.map(({ correct: all }) => `${all.filter(Boolean).length}/${all.length}`),
    },
  ];
  const entropy = (levels: typeof teacher) => two(mean(levels.slice(1).flatMap((level) => level.entropy)));
  const text = (
    <>
      <p>
        The same weights predict once more, now from their own predictions: <strong>student forcing</strong>, as when
        the model draws, but for all scales at once. A token sees the inputs of its own scale and of all before it.
      </p>
      <p>
        The first scale sees only the class, in both passes alike, so it has no student. All that changes from pass 1 to
        pass 2 is what the others are fed with: both choose by the same random numbers.
      </p>
      {scales.length > 1 && (
        <Figures
          of={[
            ['As in the image, pass 1', percent(shareCorrect(teacher.slice(1)))],
            ['As in the image, pass 2', percent(shareCorrect(student.slice(1)))],
            ['Bits a token, pass 1', entropy(teacher)],
            ['Bits a token, pass 2', entropy(student)],
          ]}
        />
      )}
      <p class="soft small">Figures of the scales that have a student.</p>
    </>
  );
  const [level, own] = [student[selected]!, pyramid[selected]!];
  return (
    <Lesson title="Pass 2: student forcing" text={text}>
      <LevelStrip scales={scales} rows={rows} selected={selected} stride={stride} label="Scale of pass 2" onSelect={onSelect} />
      <Inspector
        scales={scales}
        selected={selected}
        stride={stride}
        views={[...(fed[selected] ? [fed[selected]] : []), predicted[selected]!, correct[selected]!]}
        readout={(at) => `code ${level.tokens[at]}${level.correct[at] ? ', as in the image' : `, in the image ${own.tokens[at]}`}; ${two(level.entropy[at]!)} bits`}
        summary={`${correct[selected]!.told}; ${two(mean(level.entropy))} bits a token`}
      />
    </Lesson>
  );
} // prettier-ignore
