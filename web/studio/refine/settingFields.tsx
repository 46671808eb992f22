// The settings of a refinement: the first of them by names for people, all others folded away under their paths.
import { Fragment } from 'preact';
import type { SettingField } from '../../../src/studio/api/index.js';
import { Select, TextField } from '../settings/fields.js';
import { mainSettings, settingHints } from './settingWords.js';

/** A path that wraps at its dots. */
function Path({ path }: { path: string }) {
  return (
    <code>
      {path.split('.').map((part, i) => (
        <Fragment key={i}>
          {i > 0 && (
            <>
              .<wbr />
            </>
          )}
          {part}
        </Fragment>
      ))}
    </code>
  );
}

interface OneProps {
  field: SettingField;
  /** What it is where nothing is given. */
  usual: unknown;
  text: string;
  refusal: string | undefined;
  onChange: (text: string) => void;
}

/** A setting as a choice or a text; empty: as the preset has it. */
function Setting({ field: { path, kind, options }, usual, text, refusal, onChange }: OneProps) {
  const preset = usual === undefined ? 'none' : typeof usual === 'string' ? usual : JSON.stringify(usual);
  const label = mainSettings[path] ?? path;
  const hint = path in mainSettings ? <Path path={path} /> : settingHints[path];
  const words = kind === 'boolean' ? ['true', 'false'] : options;
  const shared = { label, hint, refusal, value: text, onChange };
  if (!words) return <TextField {...shared} placeholder={preset} parse={(typed) => typed} format={(value) => value} />;
  const others = words.filter((one) => one !== preset).map((one) => ({ value: one, label: one }));
  return <Select {...shared} options={[{ value: '', label: preset }, ...others]} />;
}

interface Props {
  fields: readonly SettingField[];
  /** Every setting of the preset, by its path. */
  usual: Readonly<Record<string, unknown>>;
  set: Readonly<Record<string, string>>;
  refusalOf: (path: string) => string | undefined;
  onChange: (set: Record<string, string>) => void;
}

/** All of them. */
export function SettingFields({ fields, usual, set, refusalOf, onChange }: Props) {
  const one = (field: SettingField) => (
    <Setting
      key={field.path}
      field={field}
      usual={usual[field.path]}
      text={set[field.path] ?? ''}
      refusal={refusalOf(field.path)}
      onChange={(text) => onChange({ ...set, [field.path]: text })}
    />
  );
  const isMain = ({ path }: SettingField) => path in mainSettings;
  const main = Object.keys(mainSettings).flatMap((path) => fields.filter((field) => field.path === path));
  return (
    <>
      <div class="main-settings">{main.map(one)}</div>
      <details class="more">
        <summary>All settings</summary>
        <div class="fields">{fields.filter((field) => !isMain(field)).map(one)}</div>
      </details>
    </>
  );
}
