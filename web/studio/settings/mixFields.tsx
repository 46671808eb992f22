// The classes that an image's class is mixed with, a row each: as if it were a little of each of them.
import { ClassPicker } from './classPicker.js';
import { TextField } from './fields.js';
import { type Mixed, mostMixed, mostWeight, type Settings } from './settings.js';

interface Props {
  classes: readonly string[];
  settings: Settings;
  onChange: (mix: Mixed[]) => void;
}

function parseWeight(text: string): number {
  const weight = text.trim() === '' ? NaN : Number(text);
  if (!(weight > 0 && weight <= mostWeight)) throw new Error(`Expected a number above 0, at most ${mostWeight}.`);
  return weight;
}

/** The rows, and a button for one more. */
export function MixFields({ classes, settings: { label, mix }, onChange }: Props) {
  if (label === null || classes.length < 2) return null;
  const change = (at: number, part: Partial<Mixed>) =>
    onChange(mix.map((one, i) => (i === at ? { ...one, ...part } : one)));
  const used = new Set([label, ...mix.map((one) => one.label)]);
  const next = classes.findIndex((_, i) => !used.has(i));
  return (
    <>
      {mix.map((one, i) => (
        <fieldset class="mix" key={i}>
          <legend class="unseen">Mixed with, {i + 1}</legend>
          <ClassPicker
            title="Mixed with"
            classes={classes}
            label={one.label}
            noClass={false}
            onChange={(chosen) => chosen !== null && change(i, { label: chosen })}
          />
          <TextField
            label="Weight"
            value={one.weight}
            parse={parseWeight}
            format={String}
            inputMode="decimal"
            onChange={(weight) => change(i, { weight })}
          />
          <button type="button" class="plain" onClick={() => onChange(mix.filter((_, at) => at !== i))}>
            <span aria-hidden="true">×</span>
            <span class="unseen">No {classes[one.label]}</span>
          </button>
        </fieldset>
      ))}
      {mix.length < mostMixed && next >= 0 && (
        <button type="button" class="plain mix-more" onClick={() => onChange([...mix, { label: next, weight: 1 }])}>
          <span aria-hidden="true">+ </span>Mix with another class
        </button>
      )}
      {mix.length > 0 && <p class="soft small">The first class has the weight 1.</p>}
    </>
  );
}
