// The experiments that refine: which arms each compares. The control, as many more steps of teacher forcing, is always one of them.
import { type Ground, inImageSpace, otherFamily } from './grounds.js';

/** One way to go on from the pretrained generator. */
export interface Arm {
  name: string;
  /** Settings as `--set`, without the leading `forcing.`; what is not said is SAR's default. */
  set: readonly string[];
  /** What its loss is, where it is not to be compared with the control's. */
  loss?: string;
}

/** One experiment. */
export interface RefinementExperiment {
  name: string;
  title: string;
  /** Where it comes from: the paper's table, figure or question. */
  source: string;
  hypothesis: string;
  arms: readonly Arm[];
  /** The grounds it compares on, the chosen one first. */
  grounds?: (chosen: Ground) => readonly Ground[];
}

/** As many more steps of teacher forcing from the same checkpoint, at the same learning rate, on the same batches. */
export const control: Arm = { name: 'control', set: ['forcing=teacher'] };
const sar: Arm = { name: 'sar', set: ['forcing=sar'] };
const variant = (name: string, ...set: readonly string[]): Arm => ({ name, set: ['forcing=sar', ...set] });

const forcing: RefinementExperiment = {
  name: 'forcing',
  title: 'Forcing strategies from one checkpoint',
  source: 'SAR, Table 3',
  hypothesis:
    'Student forcing in its plain forms harms a model that was trained by teacher forcing or leaves it unstable; SAR, whose student is pulled to what pass 1 predicted, improves it beyond its control.',
  arms: [
    control,
    sar,
    ...['two-pass-ground-truth', 'hybrid', 'alternate-scales', 'alternate-steps', 'student'].map((name) => ({
      name,
      set: [`forcing=${name}`],
      ...(name === 'alternate-steps' && {
        loss: 'in turn that of true and that of own inputs, which is what oscillates',
      }),
    })),
  ],
};

const rolloutSampling: RefinementExperiment = {
  name: 'rollout-sampling',
  title: 'How the rollout chooses its tokens',
  source: 'SAR, Table 5',
  hypothesis:
    'Sampled tokens make better inputs of pass 2 than the most probable ones, and guidance of 2.5 in the rollout the best.',
  arms: [
    control,
    variant('argmax', 'tokens.choice=argmax', 'tokens.guidance=null'),
    variant('sampling', 'tokens.guidance=null'),
    ...[1.2, 1.5, 2].map((cfg) => variant(`guidance ${cfg}`, `tokens.guidance=${cfg}`)),
    { ...sar, name: 'guidance 2.5' },
    variant('guidance 3', 'tokens.guidance=3'),
  ],
};

const gamma: RefinementExperiment = {
  name: 'gamma',
  title: 'The weight γ of the contrastive student-forcing loss',
  source: 'SAR, equation L_SAR = L_TF + γ L_CSF; the paper leaves γ open, the authors’ scripts have 0.01',
  hypothesis:
    'There is a γ between 0 and 1 beyond which the pull towards the model’s own predictions narrows what it draws (collapse).',
  arms: [
    { ...control, name: 'control (γ = 0)' },
    { ...sar, name: 'γ = 0.01' },
    ...[0.03, 0.1, 0.3, 1].map((weight) => variant(`γ = ${weight}`, `gamma=${weight}`)),
  ],
};

const studentContext: RefinementExperiment = {
  name: 'student-context',
  title: 'What a token of pass 2 sees',
  source: 'the three readings of pass 2: figure and project page, an unused trainer, the released trainer',
  hypothesis: 'The block-causal reading, nearest to sampling, serves best.',
  arms: [
    control,
    { ...sar, name: 'causal' },
    variant('own-scale', 'studentContext=own-scale'),
    variant('last-scale', 'studentContext=last-scale'),
  ],
};

const deeperRollout: RefinementExperiment = {
  name: 'deeper-rollout',
  title: 'Rollouts of several student passes',
  source: 'SAR, open question 2: whether the limit of two steps is intrinsic',
  hypothesis:
    'Deeper rollouts bring inputs nearer to those of sampling, but their noise grows; a damped weight keeps the gain.',
  arms: [
    control,
    { ...sar, name: '1 student pass' },
    ...[2, 3, 4].flatMap((steps) => [
      variant(`${steps} student passes`, `rolloutSteps=${steps}`),
      variant(`${steps} student passes (damped)`, `rolloutSteps=${steps}`, 'rolloutDamping=0.5'),
    ]),
  ],
};

const truth = (ownShare: number): Arm => ({
  name: `${100 * ownShare} % own tokens`,
  set: ['forcing=two-pass-ground-truth', 'gamma=1', 'tokens.guidance=null', `tokens.ownShare=${ownShare}`],
  loss: 'the sum of two passes',
});

const mixedRollout: RefinementExperiment = {
  name: 'mixed-rollout',
  title: 'Students that see true tokens beside their own',
  source: 'beyond the paper: scheduled sampling (arXiv 1506.03099) in the second pass',
  hypothesis:
    'A student that sees some of its own tokens among true ones can know the truth and learns to mend them, at full weight; one that sees none but its own cannot, and learns to blur. Without own tokens the second pass is more teacher forcing, and gains nothing.',
  arms: [control, sar, ...[0, 0.1, 0.3, 1].map(truth)],
};

const generalise: RefinementExperiment = {
  name: 'generalise',
  title: 'SAR on both families',
  source: 'SAR, limitations: FlexVAR alone was tried',
  hypothesis:
    'SAR serves a generator of residual scales (VAR), whose student input is the running sum of all chosen tokens, as it serves FlexVAR.',
  arms: [control, sar],
  grounds: (chosen) => [chosen, ...[otherFamily(chosen) ?? []].flat()],
};

const imageSpaceTokenizer: RefinementExperiment = {
  name: 'image-space-tokenizer',
  title: 'A tokenizer whose coarse scales are pictures',
  source: 'SAR, open question 1: whether the tokenizer can mend the imbalance of supervision',
  hypothesis:
    'With scales that are encoded from resized images instead of resized latents, sampling is better from the start and SAR has less to gain.',
  arms: [control, sar],
  grounds: (chosen) => [chosen, inImageSpace(chosen)],
};

/** Experiments by name. */
export const refinementExperiments: readonly RefinementExperiment[] = [
  forcing,
  rolloutSampling,
  gamma,
  studentContext,
  deeperRollout,
  mixedRollout,
  generalise,
  imageSpaceTokenizer,
];

/** The settings of an arm as `--set` takes them. */
export function settingsOf({ set }: Arm): string[] {
  return set.map((one) => `forcing.${one}`);
}

/** A folder's name for an arm: its settings, so that arms of several experiments that are the same share their trainings. */
export function folderOf({ set }: Arm, more: readonly string[] = []): string {
  return [...set, ...more].join(',').replace(/[^\w.=,-]+/g, '_');
}
