// The form that starts a refinement, made of what the server says there is; what it refuses is said at the field that it is about.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefinementOptions, Run } from '../../../src/studio/api/index.js';
import { ApiError, sentenceAt } from '../api.js';
import { Failure } from '../notices.js';
import { getRun } from '../runs/api.js';
import { Select, TextField } from '../settings/fields.js';
import { SettingsForm } from '../settings/settingsForm.js';
import type { Models } from '../settings/useModels.js';
import { startRefinement } from './refineApi.js';
import { SettingFields } from './settingFields.js';
import './startForm.css';

interface Props {
  options: RefinementOptions;
  models: Models;
  runs: readonly Run[];
  /** How many refinements are going on. */
  going: number;
  onStart: (run: string) => void;
}

/** What of a generator the form begins with. */
interface Origin {
  data: string | null;
  family: string | null;
  scales: unknown;
}

type Preset = RefinementOptions['presets'][number];

const fits = ({ values }: Preset, { scales }: Origin) => JSON.stringify(values['scales']) === JSON.stringify(scales);
const isOfFamily = ({ name }: Preset, { family }: Origin) => /(^|-)var(-|$)/.test(name) === (family === 'var');

/** Presets of the generator's own scales come first, and among them those of its family. */
function presetsFor({ presets }: RefinementOptions, origin: Origin): { value: string; label: string }[] {
  const rank = (one: Preset) => (fits(one, origin) ? 2 : 0) + (isOfFamily(one, origin) ? 1 : 0);
  const sorted = [...presets].sort((a, b) => rank(b) - rank(a));
  return sorted.map((one) => ({ value: one.name, label: fits(one, origin) ? one.name : `${one.name} (other scales)` }));
}

/** The images that a generator was trained on; the first where they are not among the choices. */
const dataFor = ({ data }: RefinementOptions, origin: Origin) =>
  (data.find(({ id, name }) => origin.data !== null && [id, name].includes(origin.data)) ?? data[0])?.id ?? '';

const modelOrigin = ({ scalewise: { data, family, scales } }: Models[number]): Origin => ({ data, family, scales });

/** What was refused, until something is changed or another refinement begins or ends: it may be so no more. */
function useRefusal(going: number) {
  const [error, setError] = useState<unknown>();
  useEffect(() => setError(undefined), [going]);
  const param = error instanceof ApiError ? error.param : null;
  /** The sentence at the fields of some names. */
  const at = (...names: string[]) => (error instanceof ApiError && param !== null && names.includes(param) ? sentenceAt(error) : undefined); // prettier-ignore
  return { error, setError, param, at };
}

/** The form. */
export function StartForm({ options, models, runs, going, onStart }: Props) {
  const generators = runs.filter(({ kind }) => kind !== 'tokenizer');
  const sources = [...models.map(({ id }) => ({ value: `model:${id}`, label: id })), ...generators.map(({ id, name }) => ({ value: `run:${id}`, label: `run ${name}` }))]; // prettier-ignore
  const [source, setSource] = useState(sources[0]!.value);
  const [origin, setOrigin] = useState(() => modelOrigin(models[0]));
  const presets = presetsFor(options, origin);
  const [preset, setPreset] = useState(presets[0]?.value ?? '');
  const [data, setData] = useState(() => dataFor(options, origin));
  const [name, setName] = useState('sar');
  const [set, setSet] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const { error, setError, param, at } = useRefusal(going);
  const wanted = useRef(source);

  /** Takes what is asked for next; what was refused before is another thing. */
  const changing = <T,>(change: (value: T) => void) => (value: T) => {
    setError(undefined);
    change(value);
  }; // prettier-ignore
  const begin = (from: Origin) => {
    setOrigin(from);
    setData(dataFor(options, from));
    setPreset(presetsFor(options, from)[0]?.value ?? '');
  };
  /** A generator brings its images, and the preset that fits it best. */
  const choose = (value: string) => {
    setSource(value);
    wanted.current = value;
    const model = models.find(({ id }) => value === `model:${id}`);
    if (model) begin(modelOrigin(model));
    else getRun(value.slice('run:'.length)).then(
      ({ data: images, family, config }) => wanted.current === value && begin({ data: images, family, scales: config['scales'] }),
      (reason: unknown) => wanted.current === value && setError(reason),
    ); // prettier-ignore
  };
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
  const known = ['name', 'data', 'preset', 'model', 'run', ...options.fields.map(({ path }) => `set.${path}`)];
  const isGeneral = error !== undefined && (param === null || !known.includes(param));
  const general = error instanceof ApiError && error.status !== 401 && param === null ? new Error(sentenceAt(error)) : error; // prettier-ignore
  return (
    <SettingsForm label="Start a refinement" onSubmit={send} refusal={error}>
      <h2>Start a refinement</h2>
      <div class="fields">
        <Select label="Generator" value={source} options={sources} refusal={at('model', 'run')} onChange={changing(choose)} />
        <Select
          label="Data"
          value={data}
          options={options.data.map((one) => ({ value: one.id, label: one.ready ? one.name : `${one.name} (not fetched)` }))}
          refusal={at('data')}
          onChange={changing(setData)}
        />
        <Select label="Preset" value={preset} options={presets} refusal={at('preset')} onChange={changing(setPreset)} />
        <TextField label="Name" value={name} parse={(text) => text} format={(text) => text} refusal={at('name')} onChange={changing(setName)} />
        <SettingFields
          fields={options.fields}
          usual={options.presets.find((one) => one.name === preset)?.values ?? {}}
          set={set}
          refusalOf={(path) => at(`set.${path}`)}
          onChange={changing(setSet)}
        />
      </div>
      {isGeneral && <Failure error={general} />}
      <div class="send">
        <button type="submit" class="primary" disabled={sending}>
          {sending ? 'Starting …' : 'Start'}
        </button>
      </div>
    </SettingsForm>
  ); // prettier-ignore
}
