// Rows in the order of a column that is chosen by its header; what has no value comes last.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** What a row is ordered by. */
export type Key = number | string | null;

/** Which column orders, and whether from the largest. */
export interface Order {
  column: number;
  down: boolean;
}

/** An order, and what chooses a column; one that was chosen already is turned round. */
export function useOrder(): { order: Order | undefined; choose: (column: number) => void } {
  const [order, setOrder] = useState<Order>();
  const choose = (column: number) => setOrder({ column, down: order?.column === column && !order.down });
  return { order, choose };
}

function compare(a: Key, b: Key, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
  return down ? -order : order;
}

/** The rows in their order; as they are without one. */
export function ordered<T>(
  rows: readonly T[],
  order: Order | undefined,
  keyOf: (row: T, column: number) => Key,
): readonly T[] {
  if (!order) return rows;
  return [...rows].sort((a, b) => compare(keyOf(a, order.column), keyOf(b, order.column), order.down));
}

interface Props {
  column: number;
  order: Order | undefined;
  onChoose: (column: number) => void;
  class?: string;
  children: ComponentChildren;
}

/** A header that orders. */
export function SortHeader({ column, order, onChoose, class: name, children }: Props) {
  const isBy = order?.column === column;
  const [state, arrow] = !isBy ? ['none' as const, ''] : order.down ? ['descending' as const, '↓'] : ['ascending' as const, '↑']; // prettier-ignore
  return (
    <th scope="col" class={name} aria-sort={state}>
      <button type="button" class="plain" onClick={() => onChoose(column)}>
        {children}
        {arrow !== '' && <span aria-hidden="true">{arrow}</span>}
      </button>
    </th>
  );
}
