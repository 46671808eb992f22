// A table whose rows are put in the order of any of its columns.
import { type Key, ordered, SortHeader, useOrder } from '../sorting.js';

/** A cell: what is shown, and what it is ordered by. */
export type Cell = readonly [shown: string, order: Key];

interface Props {
  caption: string;
  header: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** The table; what has no value comes last. */
export function SortableTable({ caption, header, rows }: Props) {
  const { order, choose } = useOrder();
  return (
    <div class="wide" role="region" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {header.map((name, i) => (
              <SortHeader key={name} column={i} order={order} onChoose={choose}>
                {name}
              </SortHeader>
            ))}
          </tr>
        </thead>
        <tbody>
          {ordered(rows, order, (cells, column) => cells[column]![1]).map((cells) => (
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
