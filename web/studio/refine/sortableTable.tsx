// A table whose rows are put in the order of any of its columns.
import { useState } from 'preact/hooks';

/** A cell: what is shown, and what it is ordered by. */
export type Cell = readonly [shown: string, order: number | string | null];

interface Props {
  caption: string;
  header: readonly string[];
  rows: readonly (readonly Cell[])[];
}

function compare([, a]: Cell, [, b]: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** The table; what has no value comes last. */
export function SortableTable({ caption, header, rows }: Props) {
  const [by, setBy] = useState<{ column: number; down: boolean }>();
  const ordered = by ? [...rows].sort((a, b) => {
    const order = compare(a[by.column]!, b[by.column]!);
    const isNone = a[by.column]![1] === null || b[by.column]![1] === null;
    return by.down && !isNone ? -order : order;
  }) : rows; // prettier-ignore
  const choose = (column: number) => setBy({ column, down: by?.column === column && !by.down });
  return (
    <div class="wide" role="region" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {header.map((name, i) => (
              <th key={name} scope="col" aria-sort={by?.column === i ? (by.down ? 'descending' : 'ascending') : 'none'}>
                <button type="button" class="plain" onClick={() => choose(i)}>
                  {name}
                  <span aria-hidden="true">{by?.column === i ? (by.down ? '↓' : '↑') : ''}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ordered.map((cells) => (
            <tr key={cells.map(([shown]) => shown).join()}>
              {cells.map(([shown], i) =>
                i === 0 ? (
                  <th key={i} scope="row">
                    {shown}
                  </th>
                ) : (
                  <td key={i} class="figure">
                    {shown}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
