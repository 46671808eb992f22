// The form that starts a refinement, made of what the server says there is; what it refuses is said at the field that it is about.
import { useId, useState } from 'preact/hooks';
import type { RefinementOptions, Run, SettingField } from '../../../src/studio/api/index.js';
import { ApiError } from '../api.js';
import { Failure } from '../notices.js';
import { Field } from '../settings/fields.js';
import { SettingsForm } from '../settings/settingsForm.js';
import type { Models } from '../settings/useModels.js';
import { startRefinement } from './refineApi.js';

const main = ['images', 'batchSize', 'optimizer.learningRate', 'forcing.forcing', 'forcing.gamma', 'seed'];

interface InputProps {
  label: string;
  value: string;
  options?: readonly { value: string; label: string }[] | undefined;
  problem?: string | undefined;
  placeholder?: string;
  onChange: (value: string) => void;
}

/** A text or a choice, with a sentence where it is wrong. */
function Input({ label, value, options, problem, placeholder = '', onChange }: InputProps) {
  const id = useId();
  const shared = { id, value, 'aria-invalid': problem !== undefined, 'aria-describedby': problem === undefined ? undefined : `${id}-wrong` }; // prettier-ignore
  return (
    <Field label={label} for={id}>
      {options ? (
        <select {...shared} onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      ) : (
        <input {...shared} type="text" class="figure" placeholder={placeholder} autocomplete="off" spellcheck={false} onInput={(event) => onChange(event.currentTarget.value)} /> // prettier-ignore
      )}
      {problem !== undefined && (
        <p class="wrong small" id={`${id}-wrong`}>
          {problem}
        </p>
      )}
    </Field>
  );
}

interface Props {
  options: RefinementOptions;
  models: Models;
  runs: readonly Run[];
  onStart: (run: string) => void;
}

/** Presets of the model's own images and scales come first. */
function presetsFor({ presets }: RefinementOptions, scales: unknown): { value: string; label: string }[] {
  const fits = (values: Record<string, unknown>) => JSON.stringify(values['scales']) === JSON.stringify(scales);
  const ordered = [...presets.filter(({ values }) => fits(values)), ...presets.filter(({ values }) => !fits(values))];
  return ordered.map(({ name, values }) => ({ value: name, label: fits(values) ? name : `${name} (other scales)` }));
}

/** The form. */
export function StartForm({ options, models, runs, onStart }: Props) {
  const generators = runs.filter(({ kind }) => kind !== 'tokenizer');
  const sources = [...models.map(({ id }) => ({ value: `model:${id}`, label: id })), ...generators.map(({ id, name }) => ({ value: `run:${id}`, label: `run ${name}` }))]; // prettier-ignore
  const presets = presetsFor(options, models[0].scalewise.scales);
  const [source, setSource] = useState(sources[0]!.value);
  const [preset, setPreset] = useState(presets[0]?.value ?? '');
  const [data, setData] = useState((options.data.find(({ id }) => id === models[0].scalewise.data) ?? options.data[0])?.id ?? ''); // prettier-ignore
  const [name, setName] = useState('sar');
  const [set, setSet] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>();
  const [sending, setSending] = useState(false);
  const values = options.presets.find((one) => one.name === preset)?.values ?? {};
  const param = error instanceof ApiError ? error.param : null;
  const known = ['name', 'data', 'preset', 'model', 'run', ...options.fields.map(({ path }) => `set.${path}`)];
  const at = (...names: string[]) => (param !== null && names.includes(param) && error instanceof Error ? error.message : undefined); // prettier-ignore
  const send = () => {
    if (sending) return;
    const [kind, id] = [source.slice(0, source.indexOf(':')), source.slice(source.indexOf(':') + 1)];
    const given = Object.fromEntries(Object.entries(set).filter(([, text]) => text.trim() !== ''));
    setSending(true);
    setError(undefined);
    startRefinement({ [kind]: id, data, preset, name, set: given })
      .then(({ run }) => onStart(run), setError)
      .finally(() => setSending(false)); // prettier-ignore
  };
  const setting = ({ path, kind, options: choices }: SettingField) => {
    const usual = values[path] === undefined ? 'none' : typeof values[path] === 'string' ? values[path] : JSON.stringify(values[path]); // prettier-ignore
    const words = kind === 'boolean' ? ['true', 'false'] : choices;
    return (
      <Input
        key={path}
        label={path}
        value={set[path] ?? ''}
        placeholder={usual}
        options={words && [{ value: '', label: usual }, ...words.filter((one) => one !== usual).map((one) => ({ value: one, label: one }))]} // prettier-ignore
        problem={at(`set.${path}`)}
        onChange={(text) => setSet({ ...set, [path]: text })}
      />
    );
  };
  const isMain = ({ path }: SettingField) => main.includes(path);
  const others = options.fields.filter((field) => !isMain(field));
  const isWrongBelow = others.some(({ path }) => at(`set.${path}`) !== undefined);
  return (
    <SettingsForm label="Start a refinement" onSubmit={send}>
      <h2>Start a refinement</h2>
      {error !== undefined && (param === null || !known.includes(param)) && <Failure error={error} />}
      <div class="fields">
        <Input label="Generator" value={source} options={sources} problem={at('model', 'run')} onChange={setSource} />
        <Input
          label="Images"
          value={data}
          options={options.data.map((one) => ({
            value: one.id,
            label: one.ready ? one.name : `${one.name} (not fetched)`,
          }))}
          problem={at('data')}
          onChange={setData}
        />{' '}
        {/* prettier-ignore */}
        <Input label="Preset" value={preset} options={presets} problem={at('preset')} onChange={setPreset} />
        <Input label="Name" value={name} problem={at('name')} onChange={setName} />
        <div class="main-settings">{options.fields.filter(isMain).map(setting)}</div>
        <details class="more" open={isWrongBelow || undefined}>
          <summary>All settings</summary>
          <div class="fields">{others.map(setting)}</div>
        </details>
      </div>
      <div class="send">
        <button type="submit" class="primary" disabled={sending}>
          {sending ? 'Starting …' : 'Start'}
        </button>
      </div>
    </SettingsForm>
  );
}
