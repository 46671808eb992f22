// The fields that Generate and Edit have in common.
import type { Model } from '../../../src/studio/api/index.js';
import { ClassPicker } from './classPicker.js';
import { Select, TextField, wholeNumber } from './fields.js';
import { GuidanceFields, SamplingFields } from './samplingFields.js';
import { MixFields } from './mixFields.js';
import { ScalesField } from './scalesField.js';
import { defaultSettings, type Settings } from './settings.js';
import type { Models } from './useModels.js';

interface Props {
  models: Models;
  settings: Settings;
  onChange: (settings: Settings) => void;
}

/** The first of the models that draw. */
export function modelOf({ models: [id] }: Settings, models: Models): Model {
  return models.find((one) => one.id === id) ?? models[0];
}

/** Models that can draw the same beside another: with as many classes. */
function companions(model: Model, models: Models): Model[] {
  return models.filter((one) => one !== model && one.scalewise.classes.length === model.scalewise.classes.length);
}

/** One model, and perhaps a second beside it. */
export function ModelFields({ models, settings, onChange }: Props) {
  const model = modelOf(settings, models);
  const others = companions(model, models);
  const choose = (id: string) => {
    const next = models.find((one) => one.id === id) ?? models[0];
    const kept = next.scalewise.classes.length === model.scalewise.classes.length;
    const defaults = defaultSettings(next);
    const { label, seed, count } = settings;
    onChange(kept ? { ...settings, scales: defaults.scales, smooth: settings.smooth && next.scalewise.canSmooth, models: [id] } : { ...defaults, seed, count, label: label === null ? null : 0 }); // prettier-ignore
  };
  const beside = (id: string) => onChange({ ...settings, models: id === '' ? [model.id] : [model.id, id] });
  return (
    <>
      <Select
        label="Model"
        value={model.id}
        options={models.map(({ id }) => ({ value: id, label: id }))}
        onChange={choose}
      />
      {others.length > 0 && (
        <Select
          label="Beside it, from the same seeds"
          value={settings.models[1] ?? ''}
          options={[{ value: '', label: 'no other model' }, ...others.map(({ id }) => ({ value: id, label: id }))]}
          onChange={beside}
        />
      )}
    </>
  );
}

/** Class (`noClass`: or none), seed, number, scales, guidance, and how tokens are drawn. */
export function SettingsFields({ models, settings, onChange, noClass = true }: Props & { noClass?: boolean }) {
  const { scalewise } = modelOf(settings, models);
  const change = (part: Partial<Settings>) => onChange({ ...settings, ...part });
  return (
    <>
      <ClassPicker
        classes={scalewise.classes}
        label={settings.label}
        noClass={noClass}
        onChange={(label) => change({ label, ...(label === null && { mix: [] }) })}
      />
      <MixFields classes={scalewise.classes} settings={settings} onChange={(mix) => change({ mix })} />
      <div class="pair">
        <TextField
          label="Seed"
          value={settings.seed}
          parse={wholeNumber(0, Number.MAX_SAFE_INTEGER - 16)}
          format={String}
          inputMode="numeric"
          onChange={(seed) => change({ seed })}
          after={
            <button
              type="button"
              class="dice"
              title="Another seed"
              onClick={() => change({ seed: Math.floor(Math.random() * 1_000_000) })}
            >
              <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true">
                <rect x="2" y="2" width="12" height="12" rx="3" />
                <path d="M5.5 5.5h.01M10.5 10.5h.01M8 8h.01" stroke-linecap="round" stroke-width="2.2" />
              </svg>
              <span class="unseen">Another seed</span>
            </button>
          }
        />
        <TextField
          label="Images"
          value={settings.count}
          parse={wholeNumber(1, 16)}
          format={String}
          inputMode="numeric"
          onChange={(count) => change({ count })}
        />
      </div>
      <GuidanceFields settings={settings} details={scalewise} change={change} />
      <ScalesField details={scalewise} scales={settings.scales} onChange={(scales) => change({ scales })} />
      <SamplingFields settings={settings} details={scalewise} change={change} />
    </>
  );
}
