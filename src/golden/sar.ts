// Checks a `sar` file: the rollout, the student pass and the losses, for every reading of pass 2 and every choice of tokens in it.
import {
  contrastiveStudentForcingLoss,
  type ForcingContext,
  forcings,
  rollout,
  sarSettings,
  type StudentContext,
  studentPass,
  studentTokens,
  teacherForcingLoss,
} from '../sar/index.js';
import { Generator, noGrad, ops, scope } from '../torch/index.js';
import { compareGradients, hashLatent } from './generation.js';
import type { GoldenFile } from './goldenFile.js';
import { withHashModels } from './models.js';
import { type Check, compareFloats, compareIntegers, compareNumber } from './report.js';

/** The files' names for the three readings of pass 2. */
const readings: readonly [name: string, context: StudentContext][] = [
  ['paper', 'causal'],
  ['own_scale', 'own-scale'],
  ['released', 'last-scale'],
];

/** All checks of one file. */
export function checkSar(file: GoldenFile): Check[] {
  return withHashModels(file, (models) =>
    scope(() => {
      const scales = file.scales('patch_nums');
      const labels_B = file.tensor('generator.labels');
      const latent = hashLatent(file, models, labels_B.size(0), scales);
      const targets = models.tokenizer.quantise(latent, scales);
      using random = new Generator(0);
      const base = { ...models, labels_B, targets, scales, step: 0, random, labelDrop: 0 };
      return readings.flatMap(([reading, studentContext]) =>
        // a choice of tokens: `argmax` of the plain logits, or `argmax_cfg2.5` of the guided ones
        file.matches(new RegExp(`^${reading}\\.(argmax[^.]*(?:\\.\\d+)?)\\.loss_csf$`)).flatMap((choice) => {
          const cfg = /_cfg([\d.]+)$/.exec(choice)?.[1];
          const settings = sarSettings.parse({
            studentContext,
            gamma: file.real('gamma'),
            tokens: { choice: 'argmax', guidance: cfg === undefined ? null : Number(cfg) },
          });
          const prefix = `${reading}.${choice}`;
          return scope(() => [
            ...checkPasses(file, prefix, { ...base, settings }),
            ...checkStep(file, prefix, { ...base, settings }),
          ]);
        }),
      );
    }),
  );
}

/** The pieces of the step one by one, without gradient. */
function checkPasses(file: GoldenFile, prefix: string, context: ForcingContext): Check[] {
  const { generator, tokenizer, labels_B, targets, scales } = context;
  const floats = (name: string, ...[found, tolerance]: [Parameters<typeof compareFloats>[1], number?]) =>
    compareFloats(`${prefix}.${name}`, found, file.tensor(`${prefix}.${name}`), tolerance);
  const loss = (name: string, found: number) =>
    compareNumber(`${prefix}.${name}`, found, file.number(`${prefix}.${name}`), 1e-5);
  return noGrad(() =>
    scope(() => {
      const inputs = tokenizer.inputs(targets, scales);
      const teacher = generator.logits(labels_B, inputs, scales);
      const chosen = rollout(context, teacher, inputs);
      const student = studentPass(context, labels_B, chosen)!;
      const indices = `${prefix}.rollout_indices`;
      const toTruth = contrastiveStudentForcingLoss(student.logits_BLV, studentTokens(student, targets));
      return [
        compareIntegers(indices, ops.cat(chosen, 1), file.tensor(indices)),
        floats('student_input', student.inputs_BLE, 1e-6),
        floats('student_logits', student.logits_BLV),
        loss('loss_teacher', teacherForcingLoss(teacher, targets).item()),
        loss('loss_student_vs_ground_truth', toTruth.item()),
      ];
    }),
  );
}

/** The whole step: losses and gradients. */
function checkStep(file: GoldenFile, prefix: string, context: ForcingContext): Check[] {
  const { loss, parts } = forcings.sar(context);
  loss.backward();
  const compare = (name: string, found: number) => compareNumber(name, found, file.number(name), 1e-5);
  return [
    compare('generator.loss', parts['loss_teacher']!.item()),
    compare(`${prefix}.loss_csf`, parts['loss_csf']!.item()),
    compare(`${prefix}.loss_total`, loss.item()),
    ...compareGradients(file, `${prefix}.grad_norm.`, context.generator.stateDict()),
  ];
}
