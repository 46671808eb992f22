// Understand: SAR explained with the user's own model, one image, step by step. The address holds all of it.
import { useEffect, useState } from 'preact/hooks';
import type { Model } from '../../../src/studio/api/index.js';
import { Failure, Loading } from '../notices.js';
import { Link, navigate, useAddress } from '../router.js';
import { ClassPicker } from '../settings/classPicker.js';
import { Choice, Select } from '../settings/fields.js';
import '../settings/settings.css';
import { type Models, useModels } from '../settings/useModels.js';
import { useTitle } from '../title.js';
import '../view/view.css';
import { type Address, addressOf, hrefOf } from './address.js';
import { ImageChooser } from './imageChooser.js';
import { Stepper } from './stepper.js';
import { steps } from './steps.js';
import { DifferenceStep } from './steps/differenceStep.js';
import { ImageStep } from './steps/imageStep.js';
import type { StepProps } from './steps/lesson.js';
import { LossStep } from './steps/lossStep.js';
import { RolloutStep } from './steps/rolloutStep.js';
import { StudentStep } from './steps/studentStep.js';
import { TeacherStep } from './steps/teacherStep.js';
import './understand.css';
import { alike, type Explanations, useExplanations } from './useExplanations.js';

const bodies = [ImageStep, TeacherStep, RolloutStep, StudentStep, DifferenceStep, LossStep];

const ways = [
  { value: 'sample', label: 'Drawn' },
  { value: 'argmax', label: 'Most probable' },
] as const;

/** Where there is more to read. */
function Further() {
  return (
    <p class="soft small further">
      The method: <a href="https://arxiv.org/abs/2512.06421">Rethinking Training Dynamics in Scale-wise Autoregressive Generation</a>{' '}
      (arXiv 2512.06421). How a model of yours is refined by it, and what was measured: <code>scalewise refine --help</code>,{' '}
      <code>docs/experiments.md</code>.
    </p>
  );
} // prettier-ignore

/** Without an image yet. */
function Beginning({ model, address }: { model: Model; address: Address }) {
  return (
    <>
      <div class="opening">
        <h1>Understand</h1>
        <p>
          What self-autoregressive refinement (SAR) does to a model, seen in {model.id}: choose an image, and step through
          the two passes of a training step on it. Every picture and number is computed by the model, as its training does.
        </p>
      </div>
      <ImageChooser model={model} onChoose={(image) => navigate(hrefOf({ ...address, image, label: undefined, step: 1 }))} />
      <Further />
    </>
  );
} // prettier-ignore

interface SettingsProps {
  models: Models;
  model: Model;
  address: Address;
  known: Explanations;
}

/** What is explained: the image, as what class, by which model, with which tokens. */
function Settings({ models, model, address, known }: SettingsProps) {
  const explanation = known.found[model.id];
  const change = (part: Partial<Address>) => navigate(hrefOf({ ...address, ...part }), { replace: true });
  const options = alike(models, model.id).map((id) => ({ value: id, label: id }));
  const label = address.label !== undefined ? address.label : (explanation?.class.label ?? known.source?.label ?? null);
  return (
    <div class="subject panel">
      <div class="subject-image">
        {explanation ? <img src={explanation.image} alt="" class="pixels" /> : <i class="waiting" />}
        <div>
          <strong>{known.source?.name ?? 'The image'}</strong>
          <Link href={hrefOf({ ...address, image: undefined, label: undefined, step: 1, scale: undefined })}>
            Another image
          </Link>
        </div>
      </div>
      <ClassPicker classes={model.scalewise.classes} label={label} noClass onChange={(next) => change({ label: next })} />
      {options.length > 3 ? (
        <Select label="Model" value={model.id} options={options} onChange={(id) => change({ model: id })} />
      ) : (
        options.length > 1 && (
          <div class="field">
            <span class="label" aria-hidden="true">
              Model
            </span>
            <Choice label="Model" value={model.id} options={options} onChange={(id) => change({ model: id })} />
          </div>
        )
      )}
      <div class="field">
        <span class="label" aria-hidden="true">
          Tokens of both passes
        </span>
        <Choice label="Tokens of both passes" value={address.choice} options={ways} onChange={(choice) => change({ choice })} />
      </div>
    </div>
  );
} // prettier-ignore

/** With an image. */
function Explained({ models, model, address }: Omit<SettingsProps, 'known'>) {
  const known = useExplanations(address, models);
  const explanation = known.found[model.id];
  const [gamma, setGamma] = useState(address.gamma);
  useEffect(() => setGamma(address.gamma), [address.gamma]);
  const Body = bodies[address.step - 1]!;
  useTitle(steps[address.step - 1]!.title);
  const go = (part: Partial<Address>, replace: boolean) => navigate(hrefOf({ ...address, ...part }), { replace });
  const body = (): StepProps | undefined => explanation && {
    explanation,
    all: alike(models, model.id).flatMap((id) => known.found[id] ?? []),
    model,
    selected: Math.min(address.scale ?? Infinity, explanation.scales.length - 1),
    onSelect: (scale) => go({ scale }, true),
    choice: address.choice,
    gamma: gamma ?? explanation.losses.gamma,
    onGamma: (value, settled) => (settled ? go({ gamma: value }, true) : setGamma(value)),
  };
  const props = body();
  return (
    <>
      <h1 class="unseen">Understand</h1>
      <Settings models={models} model={model} address={address} known={known} />
      <Stepper step={address.step} href={(step) => hrefOf({ ...address, step })} />
      {known.error !== undefined && <Failure error={known.error} retry={known.retry} />}
      {props ? <Body key={address.step} {...props} /> : known.error === undefined && <Loading what={steps[address.step - 1]!.title} />}
      <Further />
    </>
  );
} // prettier-ignore

/** With the models known. */
function Understand({ models }: { models: Models }) {
  const { query } = useAddress();
  const address = addressOf(query, models, steps.length);
  const model = models.find(({ id }) => id === address.model)!;
  return (
    <div class="understand">
      {address.problems.map((problem) => (
        <Failure key={problem} error={new Error(`This link: ${problem}`)} />
      ))}
      {address.image ? (
        <Explained models={models} model={model} address={address} />
      ) : (
        <Beginning model={model} address={address} />
      )}
    </div>
  );
}

/** The page. */
export default function UnderstandPage() {
  const { models, error, retry } = useModels();
  if (models) return <Understand models={models} />;
  return (
    <>
      <h1 class="unseen">Understand</h1>
      {error === undefined ? <Loading what="the models" /> : <Failure error={error} retry={retry} />}
    </>
  );
}
