// The checkpoints of a training, each to be drawn with at once: Generate is opened with its model, and draws the first class.
import { useState } from 'preact/hooks';
import type { RunCheckpoint, RunDetails } from '../../../src/studio/api/index.js';
import { Failure } from '../notices.js';
import { navigate } from '../router.js';
import { makeModel } from './api.js';
import { bytes, count } from './format.js';

interface RowProps {
  checkpoint: RunCheckpoint;
  canDraw: boolean;
  isBusy: boolean;
  onDraw: () => void;
}

function Row({ checkpoint: { id, imagesSeen, bytes: size, kept, problem }, canDraw, isBusy, onDraw }: RowProps) {
  return (
    <li class="checkpoint">
      <div>
        <b>{imagesSeen === null ? id : `${count(imagesSeen)} images`}</b>
        {kept && ' '}
        {kept && <span class="tag">kept for good</span>}
        <div class="soft small figure">
          {id} · {bytes(size)}
        </div>
        {problem !== null && <p class="wrong small">{problem}</p>}
      </div>
      {canDraw && problem === null && (
        <button
          type="button"
          onClick={onDraw}
          disabled={isBusy}
          aria-label={`Generate from ${imagesSeen === null ? id : `${count(imagesSeen)} images`}`}
        >
          {isBusy ? 'Loading …' : 'Generate'}
        </button>
      )}
    </li>
  );
}

/** The list. */
export function Checkpoints({ run: { id, kind, checkpoints } }: { run: RunDetails }) {
  const [busy, setBusy] = useState<string>();
  const [failed, setFailed] = useState<{ error: unknown; checkpoint: string }>();
  const draw = (checkpoint: string) => {
    setBusy(checkpoint);
    setFailed(undefined);
    makeModel(id, checkpoint).then(
      (model) => navigate(`/?model=${encodeURIComponent(model.id)}&class=0&seed=1`),
      (error: unknown) => {
        setBusy(undefined);
        setFailed({ error, checkpoint });
      },
    );
  };
  if (!checkpoints.length)
    return <p class="soft">None yet. A training writes one every so many images, as its setting every.save says.</p>;
  return (
    <>
      {failed && <Failure error={failed.error} retry={() => draw(failed.checkpoint)} />}
      {kind === 'tokenizer' && (
        <p class="soft small">They are of a tokenizer; images are drawn by generators trained on it.</p>
      )}
      <ul class="checkpoints">
        {checkpoints.map((one) => (
          <Row
            key={one.id}
            checkpoint={one}
            canDraw={kind !== 'tokenizer'}
            isBusy={busy === one.id}
            onDraw={() => busy === undefined && draw(one.id)}
          />
        ))}
      </ul>
    </>
  );
}
