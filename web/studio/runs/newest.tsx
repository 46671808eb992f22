// The newest value of every metric as a table: for those who do not see curves, and for copying.
import { count, figure } from './format.js';
import type { MetricGroup } from './groups.js';
import type { PlacedRun } from './lines.js';
import { pointsOf } from './records.js';

/** The table, folded away. */
export function NewestValues({ groups, runs }: { groups: readonly MetricGroup[]; runs: readonly PlacedRun[] }) {
  return (
    <details class="newest panel">
      <summary class="label">Newest values as a table</summary>
      <div class="table-frame" tabIndex={0} role="region" aria-label="Newest values">
        <table>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {runs.map(({ details, records }) => (
                <th key={details.id} scope="col">
                  {details.name}
                  <span class="soft small"> at {count(records.at(-1)?.imagesSeen ?? 0)} images</span>
                </th>
              ))}
            </tr>
          </thead>
          {groups.map(({ title, unit, metrics }) => (
            <tbody key={title}>
              {metrics.map(({ name, label }) => (
                <tr key={name}>
                  <th scope="row">{label === title ? title : `${title}: ${label}`}</th>
                  {runs.map(({ details, records }) => {
                    const value = pointsOf(records, name).y.at(-1);
                    return (
                      <td key={details.id} class="figure">
                        {value === undefined ? '–' : figure(value, unit)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </details>
  );
}
