// How tokens are drawn: guidance, top-k, top-p, temperature, and the two habits that a family may have.
import { useId } from 'preact/hooks';
import type { ModelDetails } from '../../../src/studio/api/index.js';
import { Field, Select, TextField, Tick } from './fields.js';
import { numbersText, parseNumbers, type PerScale, type Settings, weightsOf } from './settings.js';

interface Props {
  settings: Settings;
  details: ModelDetails;
  change: (part: Partial<Settings>) => void;
}

type Shape = 'ramp' | 'constant' | 'list';

/** A list must have a value for each scale. */
function lengthProblem(value: PerScale | string, { scales }: Settings): string | undefined {
  if (typeof value !== 'object' || value.length === scales.length) return undefined;
  return `Expected ${scales.length} values, one a scale, found ${value.length}.`;
}

/** Strength and shape of guidance. */
export function GuidanceFields({ settings, details, change }: Props) {
  const id = useId();
  const { cfg, guidance } = settings;
  const shape: Shape = typeof guidance === 'string' ? guidance : 'list';
  const choose = (next: string) =>
    change({ guidance: next === 'list' ? weightsOf(settings, details.ramp) : (next as 'ramp' | 'constant') });
  return (
    <>
      <Select
        label="Guidance"
        value={shape}
        options={[
          { value: 'ramp', label: 'rising to full at the finest scale' },
          { value: 'constant', label: 'constant' },
          { value: 'list', label: 'a weight for each scale' },
        ]}
        onChange={choose}
      />
      {shape === 'list' ? (
        <TextField
          label="Weights"
          value={guidance as number[]}
          parse={(text) => [parseNumbers(text)].flat()}
          format={numbersText}
          onChange={(weights) => change({ guidance: weights })}
          problem={lengthProblem(guidance, settings)}
        />
      ) : (
        <Field label="Strength" for={id} end={<span class="figure">{cfg}</span>}>
          <input
            id={id}
            type="range"
            min="0"
            max="10"
            step="0.1"
            value={cfg}
            onInput={(event) => change({ cfg: Number(event.currentTarget.value) })}
          />
        </Field>
      )}
    </>
  );
}

/** A reader of one number, or one a scale, each within bounds. */
function within(least: number, most: number, whole = false): (text: string) => PerScale {
  return (text) => {
    const value = parseNumbers(text);
    for (const one of [value].flat())
      if (one < least || one > most || (whole && !Number.isInteger(one)))
        throw new Error(`Expected ${whole ? 'whole numbers' : 'numbers'} of ${least} to ${most}, found ${one}.`);
    return value;
  };
}

/** What may be left as it is. */
export function SamplingFields({ settings, details, change }: Props) {
  const shared = { format: numbersText, inputMode: 'decimal' } as const;
  return (
    <details class="more">
      <summary class="label">How tokens are drawn</summary>
      <div class="fields">
        <div class="pair">
          <TextField
            {...shared}
            label="Top-k"
            value={settings.topK}
            parse={within(0, 1_000_000, true)}
            onChange={(topK) => change({ topK })}
            problem={lengthProblem(settings.topK, settings)}
            hint="0: all codes"
          />
          <TextField
            {...shared}
            label="Top-p"
            value={settings.topP}
            parse={within(0, 1)}
            onChange={(topP) => change({ topP })}
            problem={lengthProblem(settings.topP, settings)}
            hint="0: all codes"
          />
        </div>
        <TextField
          {...shared}
          label="Temperature"
          value={settings.temperature}
          parse={within(0.01, 100)}
          onChange={(temperature) => change({ temperature })}
          problem={lengthProblem(settings.temperature, settings)}
          hint="One value, or one a scale with commas between them"
        />
        <Tick
          label="Most probable token"
          hint="at the scales where the published sampler takes it"
          checked={settings.greedy}
          onChange={(greedy) => change({ greedy })}
        />
        {(details.canSmooth || settings.smooth) && (
          <Tick
            label="Smooth"
            hint="mix codes instead of choosing one"
            checked={settings.smooth}
            onChange={(smooth) => change({ smooth })}
          />
        )}
      </div>
    </details>
  );
}
