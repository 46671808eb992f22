// The cost of a step against the passes that its strategy really makes: each is counted as it is called, thrice where it has a gradient.
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { tinyFlexVar } from '../../test/models.js';
import { forwardFlops, lastScaleFlops, Session, trainingFactor } from '../models/index.js';
import type { Scales } from '../tokenizers/index.js';
import { Generator, randint, scope, type Tensor, tensor } from '../torch/index.js';
import { stepFlops } from './flops.js';
import { forcings, sarSettings } from './index.js';

const { generator, tokenizer } = tinyFlexVar({ vocabularySize: 30, width: 24, heads: 2 });
const { config } = generator;
const batch = 2;

afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Operations of the passes that a step calls. */
function called(settings: object, scales: Scales, step: number): number {
  let flops = 0;
  const count = (logits_BLV: Tensor, forward: number) => {
    flops += logits_BLV.requiresGrad ? trainingFactor * forward : forward;
    return logits_BLV;
  };
  const logits = generator.logits.bind(generator);
  const lastScaleLogits = generator.lastScaleLogits.bind(generator);
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on its own session below
  const advance = Session.prototype.advance;
  vi.spyOn(generator, 'logits').mockImplementation((labels, inputs, list, options) =>
    count(logits(labels, inputs, list, options), forwardFlops(config, batch, list, options?.visibility)),
  );
  vi.spyOn(generator, 'lastScaleLogits').mockImplementation((labels, inputs, list, options) =>
    count(lastScaleLogits(labels, inputs, list, options), lastScaleFlops(config, batch, list)),
  );
  vi.spyOn(Session.prototype, 'advance').mockImplementation(function (this: Session, inputs, withNull) {
    if (inputs === undefined) flops += forwardFlops(config, batch, this.scales); // the first of the scales stands for all
    return advance.call(this, inputs, withNull);
  });
  scope(() => {
    const parsed = sarSettings.parse(settings);
    forcings[parsed.forcing]({
      generator,
      tokenizer,
      labels_B: tensor([0, 4], { dtype: 'int64' }),
      targets: scales.map((side) => randint(0, 30, [batch, Number(side) ** 2], { generator: new Generator(1) })),
      scales,
      step,
      random: new Generator(8),
      labelDrop: 0,
      settings: parsed,
    });
  });
  vi.restoreAllMocks();
  return flops;
}

const unguided = { tokens: { guidance: null } };
const F = forwardFlops(config, batch, [1, 2, 3]);

test.each<[settings: object, passes: number, step?: number]>([
  [{ forcing: 'teacher' }, 3],
  [{ forcing: 'sar', ...unguided }, 6],
  [{ forcing: 'sar' }, 7],
  [{ forcing: 'sar', gamma: 0 }, 3],
  [{ forcing: 'sar', rolloutSteps: 2, ...unguided }, 9],
  [{ forcing: 'sar', rolloutSteps: 2 }, 11],
  [{ forcing: 'sar', rolloutSteps: 5 }, 11], // three scales have two student passes
  [{ forcing: 'sar', csflTarget: 'guided-distribution' }, 7],
  [{ forcing: 'sar', rolloutSteps: 2 }, 11],
  [{ forcing: 'sar', rolloutSteps: 5, ...unguided }, 9], // three scales: two students
  [{ forcing: 'two-pass-ground-truth' }, 7],
  [{ forcing: 'student' }, 4],
  [{ forcing: 'alternate-scales' }, 4],
  [{ forcing: 'hybrid' }, 4],
  [{ forcing: 'alternate-steps' }, 3, 0],
  [{ forcing: 'alternate-steps' }, 4, 1],
])('%j costs %i forward passes', (settings, passes, step = 0) => {
  const expected = stepFlops({ config, batch, scales: [1, 2, 3], step }, sarSettings.parse(settings));
  expect(expected).toBe(passes * F);
  expect(called(settings, [1, 2, 3], step)).toBe(expected);
});

test.each(['own-scale', 'last-scale'])('a student with context %s costs less than a second whole pass', (name) => {
  const settings = { studentContext: name, ...unguided };
  const expected = stepFlops({ config, batch, scales: [1, 2, 3], step: 0 }, sarSettings.parse(settings));
  expect(called(settings, [1, 2, 3], 0)).toBe(expected);
  expect(expected).toBeGreaterThan(3 * F);
  expect(expected).toBeLessThan(6 * F);
});

test('deeper passes of a student that sees less cost less, the null class’s too', () => {
  const settings = { studentContext: 'own-scale', rolloutSteps: 2 };
  const expected = stepFlops({ config, batch, scales: [1, 2, 3], step: 0 }, sarSettings.parse(settings));
  expect(called(settings, [1, 2, 3], 0)).toBe(expected);
  expect(expected).toBeLessThan(11 * F);
});

test('one scale has no student, but guidance still asks for the null class', () => {
  const one = { config, batch, scales: [2], step: 0 };
  const expected = stepFlops(one, sarSettings.parse({}));
  expect(expected).toBe(4 * forwardFlops(config, batch, [2]));
  expect(called({}, [2], 0)).toBe(expected);
});
