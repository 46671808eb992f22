// The settings of self-autoregressive refinement and of the other forcing strategies it is compared with.
import { z } from 'zod';

/** Which inputs a training step feeds, and what it asks the model to predict; see forcing/. */
export const forcingNames = [
  'teacher',
  'student',
  'alternate-steps',
  'alternate-scales',
  'hybrid',
  'two-pass-ground-truth',
  'sar',
] as const;
export type ForcingName = (typeof forcingNames)[number];

/** What a student token sees: all earlier student inputs, its own scale alone, or only the last scale is a student at all. */
export const studentContexts = ['causal', 'own-scale', 'last-scale'] as const;
export type StudentContext = (typeof studentContexts)[number];

export const sarSettings = z
  .strictObject({
    forcing: z.enum(forcingNames).default('sar'),
    studentContext: z.enum(studentContexts).default('causal'),
    /** How the rollout chooses tokens from predictions. */
    tokens: z
      .strictObject({
        choice: z.enum(['argmax', 'sample']).default('sample'),
        topK: z.int().min(0).default(900),
        topP: z.number().min(0).max(1).default(0.96),
        /** Guidance scale of the rollout; null for none. The paper's best is 2.5. */
        guidance: z.number().min(0).nullable().default(2.5),
        /**
         * `sar` and `two-pass-ground-truth`: probability that a token fed to the student is the rollout's and not the true one, as scheduled sampling
         * has it (arXiv 1506.03099). Without it all are, as in the paper.
         */
        ownShare: z.number().min(0).max(1).optional(),
      })
      .prefault({}),
    /** Weight γ of the contrastive student-forcing loss. */
    gamma: z.number().min(0).default(0.01),
    /** `sar`: student passes, each fed with what the pass before it predicted; 1 is the paper's. At most one fewer than there are scales count. */
    rolloutSteps: z.int().min(1).default(1),
    /** Weight of each student pass relative to the one before it; 1 for none less than another. */
    rolloutDamping: z.number().min(0).max(1).default(1),
    /** What counts the same in the student's loss: every token, as in the paper, so that most of it is the last scale's; or every scale. */
    csflMean: z.enum(['tokens', 'scales']).default('tokens'),
    /**
     * `sar`: what the student is pulled to: the very tokens chosen in pass 1, its distribution (without guidance or filters), or the guided
     * one that its tokens were chosen from (before filters; the same as `distribution` where the rollout is not guided).
     */
    csflTarget: z.enum(['tokens', 'distribution', 'guided-distribution']).default('tokens'),
    /** One label-drop mask for all passes of a step, or one drawn anew in each. */
    labelDropMask: z.enum(['shared', 'fresh']).default('shared'),
    /** `hybrid`: scales above this side are fed by predictions; half of the last side by default. */
    hybridSide: z.int().positive().optional(),
  })
  .refine(({ studentContext, rolloutSteps }) => studentContext !== 'last-scale' || rolloutSteps === 1, {
    path: ['rolloutSteps'],
    error: 'a student of the last scale alone feeds no further pass; use 1, or studentContext=causal',
  });
export type SarSettings = z.output<typeof sarSettings>;
