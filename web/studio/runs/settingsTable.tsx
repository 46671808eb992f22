// The resolved settings of a training beside those of others: searched by name or value, what differs marked.
import { useEffect, useId, useState } from 'preact/hooks';
import { Failure } from '../notices.js';
import { Tick } from '../settings/fields.js';
import { getDifference } from './api.js';
import { Swatch } from './chart.js';
import { runStroke } from './colours.js';
import { settingRows, settingText, type SettingRow } from './flatten.js';
import type { PlacedRun } from './lines.js';

/** The settings in which a run is not as the others, as the server finds them. */
function useDifferences(id: string, others: string): { settings: ReadonlySet<string>; error: unknown } {
  const [settings, setSettings] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let left = false;
    setError(undefined);
    const asked = others === '' ? [] : others.split(',').map((other) => getDifference(id, other));
    Promise.all(asked).then(
      (answers) => left || setSettings(new Set(answers.flat().map(({ setting }) => setting))),
      (reason: unknown) => left || setError(reason),
    );
    return () => {
      left = true;
    };
  }, [id, others]);
  return { settings, error };
}

/** Rows below the name that they share, as `optimizer.`; others by themselves. */
function sections(rows: readonly SettingRow[]): { name: string; rows: SettingRow[] }[] {
  const found: { name: string; rows: SettingRow[] }[] = [];
  for (const row of rows) {
    const name = row.setting.includes('.') ? row.setting.split('.')[0]! : '';
    if (found.at(-1)?.name !== name) found.push({ name, rows: [] });
    found.at(-1)!.rows.push(row);
  }
  return found;
}

interface RowProps {
  row: SettingRow;
  section: string;
  differs: boolean;
}

function Row({ row: { setting, values }, section, differs }: RowProps) {
  return (
    <tr data-differs={differs ? '' : undefined}>
      <th scope="row" class={section === '' ? '' : 'inner'}>
        {section === '' ? setting : setting.slice(section.length + 1)}
        {differs && ' '}
        {differs && <span class="tag">differs</span>}
      </th>
      {values.map((value, i) => (
        <td key={i} class="figure">
          {settingText(value)}
        </td>
      ))}
    </tr>
  );
}

/** The table. */
export function SettingsTable({ runs }: { runs: readonly PlacedRun[] }) {
  const id = useId();
  const [words, setWords] = useState('');
  const [onlyDifferent, setOnlyDifferent] = useState(false);
  const [first, ...others] = runs.map(({ details }) => details);
  const { settings: different, error } = useDifferences(first!.id, others.map((one) => one.id).join());
  const wanted = words.toLowerCase();
  const rows = settingRows(runs.map(({ details }) => details.config)).filter(
    ({ setting, values }) =>
      (!onlyDifferent || !others.length || different.has(setting)) &&
      [setting, ...values.map(settingText)].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <div class="config">
      <div class="config-controls">
        <label class="unseen" htmlFor={id}>
          Search the settings
        </label>
        <input id={id} type="search" placeholder="Search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        {others.length > 0 && <Tick label="Only what differs" hint={`${different.size}`} checked={onlyDifferent} onChange={setOnlyDifferent} />}
      </div>
      {error !== undefined && <Failure error={error} />}
      <div class="table-frame panel" tabIndex={0} role="region" aria-label="Settings">
        <table>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              {runs.map(({ details, place }) => (
                <th key={details.id} scope="col">
                  {others.length ? <Swatch stroke={runStroke(place)} /> : null} {others.length ? details.name : 'Value'}
                </th>
              ))}
            </tr>
          </thead>
          {sections(rows).map(({ name, rows: inner }, i) => (
            <tbody key={`${name}${i}`}>
              {name !== '' && (
                <tr>
                  <th scope="rowgroup" colSpan={runs.length + 1} class="section">
                    {name}
                  </th>
                </tr>
              )}
              {inner.map((row) => (
                <Row key={row.setting} row={row} section={name} differs={different.has(row.setting)} />
              ))}
            </tbody>
          ))}
        </table>
        {!rows.length && <p class="soft nothing">{onlyDifferent && words === '' ? 'They do not differ.' : `No setting has “${words}” in it.`}</p>}
      </div>
    </div>
  ); // prettier-ignore
}
