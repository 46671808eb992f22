// Step 3: what pass 1 chose at one scale becomes the input of the next.
import { useState } from 'preact/hooks';
import { counted } from '../../view/measures.js';
import { Inspector, LevelStrip, type Row } from '../levels.js';
import { fedTokens, feeding, pictureView } from '../read.js';
import { Lesson, type StepProps } from './lesson.js';

/** The step. */
export function RolloutStep({ explanation, model, selected, onSelect, choice }: StepProps) {
  const { teacher, student, scales, family } = explanation;
  const { stride } = model.scalewise;
  const [turn, setTurn] = useState(0);
  const chosen = teacher.map(({ picture }) => pictureView('Pass 1 predicted', picture, 'what pass 1 chose, decoded'));
  const truth = teacher.map(({ input }) => (input === null ? undefined : pictureView('Pass 1 was fed', input, 'the truth, enlarged'))); // prettier-ignore
  const fed = student.map(({ input }) => (input === null ? undefined : pictureView('Pass 2 is fed', input, `what pass 1 chose at ${feeding(explanation)}`))); // prettier-ignore
  const rows: Row[] = [
    { name: 'Pass 1 predicted', cells: chosen },
    { name: 'Pass 2 is fed', cells: fed, absent: 'class', from: 'before' },
    { name: 'Pass 1 was fed', cells: truth, absent: 'class' },
  ];
  const text = (
    <>
      <p>
        To show the model its own predictions, one could let it draw scale after scale in training: {scales.length}{' '}
        passes, and mistakes that pile up. SAR makes one pass more instead. What pass 1 chose at scale <i>i</i> − 1,
        enlarged, is what scale <i>i</i> is fed with in pass 2: the predictions move up by <strong>one scale</strong>.
      </p>
      <p>
        {choice === 'sample'
          ? 'Tokens are chosen as when drawing: from the 900 most probable codes, of these the most probable that make up 96 %, guided (2.5 at the last scale, half of it at the first).'
          : 'Here the most probable token is taken everywhere, guided as in training (2.5 at the last scale, half of it at the first).'}{' '}
        Nothing of this choice is differentiated.
      </p>
      <p>
        Each input is one prediction away from the truth, no more: it was made by a pass that saw true tokens.
        {family === 'var' && ' In VAR the input is the sum of all scales so far, so it is rebuilt from the chosen tokens of all of them.'}{' '}
        The last scale’s tokens feed nothing, and the first scale is fed with the class alone.
      </p>
      <button type="button" class="replay" onClick={() => setTurn(turn + 1)}>
        Show it again
      </button>
    </>
  ); // prettier-ignore
  return (
    <Lesson title="Stagger-scale rollout" text={text}>
      <LevelStrip scales={scales} rows={rows} selected={selected} stride={stride} label="Scale of the rollout" onSelect={onSelect} turn={turn} />
      <Inspector
        scales={scales}
        selected={selected}
        stride={stride}
        views={[truth[selected], fed[selected]].filter((view) => view !== undefined)}
        readout={(at) => (selected === 0 ? 'the class, in both passes' : `fed by what came before; pass 1 chose code ${teacher[selected]!.tokens[at]} here`)}
        summary={selected === 0 ? 'The first scale is fed with the class alone, in both passes: there is nothing to move.' : `fed by ${counted(fedTokens(explanation, selected), 'token')} of ${feeding(explanation)}`}
      />
    </Lesson>
  );
} // prettier-ignore
