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
import { Generator, noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { compareGradients } from './flexVar.js';
import { type GoldenFile, type HashModels, smallModels } from './goldenFile.js';
import { hashImages } from './hash.js';
import { type Check, compareFloats, compareIntegers, compareNumber } from './report.js';

/** The files' names for the three readings of pass 2. */
const readings: [name: string, context: StudentContext][] = [
  ['paper', 'causal'],
  ['own_scale', 'own-scale'],
  ['released', 'last-scale'],
];

/** Token choices that a file has for a reading: `argmax`, `argmax_cfg2.5`, … */
function choices(file: GoldenFile, reading: string): string[] {
  const names = [...file.tensors.keys()].filter(
    (name) => name.startsWith(`${reading}.argmax`) && name.endsWith('.loss_csf'),
  );
  return names.map((name) => name.slice(reading.length + 1, -'.loss_csf'.length));
}

/** All checks of one file. */
export function checkSar(file: GoldenFile): Check[] {
  const models = smallModels(file);
  const scales = file.json<number[]>('patch_nums');
  const checks: Check[] = [];
  scope(() => {
    const labels_B = file.tensor('generator.labels');
    const targets = noGrad(() => {
      const images = hashImages(labels_B.size(0), scales.at(-1)! * models.tokenizer.stride, file.seed);
      return models.tokenizer.quantise(models.tokenizer.encode(images), scales);
    });
    for (const [reading, studentContext] of readings) {
      for (const choice of choices(file, reading)) {
        const cfg = /_cfg([\d.]+)$/.exec(choice)?.[1];
        const settings = sarSettings.parse({
          studentContext,
          gamma: Number(file.text('gamma')),
          tokens: { choice: 'argmax', guidance: cfg === undefined ? null : Number(cfg) },
        });
        using random = new Generator(0);
        const base = { ...models, labels_B, targets, scales, step: 0, random, labelDrop: 0, settings };
        checks.push(...scope(() => checkVariant(file, `${reading}.${choice}`, base, models)));
      }
    }
  });
  models.tokenizer.dispose();
  models.generator.dispose();
  return checks;
}

function checkVariant(file: GoldenFile, prefix: string, context: ForcingContext, { generator }: HashModels): Check[] {
  const golden = (name: string): Tensor => file.tensor(`${prefix}.${name}`);
  const { labels_B, targets, scales } = context;
  const pieces = noGrad(() =>
    scope(() => {
      const inputs = context.tokenizer.inputs(targets, scales);
      const teacher = generator.logits(labels_B, inputs, scales);
      const chosen = rollout(context, teacher, inputs);
      const student = studentPass(context, labels_B, chosen)!;
      return [
        compareIntegers(`${prefix}.rollout_indices`, ops.cat(chosen, 1), golden('rollout_indices')),
        compareFloats(`${prefix}.student_input`, student.inputs_BLE, golden('student_input'), 1e-6),
        compareFloats(`${prefix}.student_logits`, student.logits_BLV, golden('student_logits')),
        compareNumber(
          `${prefix}.loss_teacher`,
          teacherForcingLoss(teacher, targets).item(),
          golden('loss_teacher').item(),
          1e-5,
        ),
        compareNumber(
          `${prefix}.loss_student_vs_ground_truth`,
          contrastiveStudentForcingLoss(student.logits_BLV, studentTokens(student, targets)).item(),
          golden('loss_student_vs_ground_truth').item(),
          1e-5,
        ),
      ];
    }),
  );
  const { loss, parts } = forcings.sar(context);
  loss.backward();
  return [
    ...pieces,
    compareNumber(`${prefix}.loss_csf`, parts['loss_csf']!.item(), golden('loss_csf').item(), 1e-5),
    compareNumber(`${prefix}.loss_total`, loss.item(), golden('loss_total').item(), 1e-5),
    ...compareGradients(file, `${prefix}.grad_norm.`, generator.namedParameters()),
  ];
}
