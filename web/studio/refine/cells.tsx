// Cells cut out of a picture whose cells are known: one image's, at one scale or all of them, as large as there is room.
import { useState } from 'preact/hooks';
import type { CellPicture } from '../../../src/studio/api/index.js';
import { Select } from '../settings/fields.js';

/** One cell, by its row and column in the picture. */
function Cell({ address, picture, row, column, label }: { address: string; picture: CellPicture; row: number; column: number; label: string }) {
  const { size, first, box, step } = picture;
  const place = (axis: 0 | 1, index: number) => `${(100 * (first[axis] + index * step[axis])) / (size[axis] - box[axis])}%`;
  return (
    <div
      role="img"
      aria-label={label}
      class="pixels"
      style={{
        aspectRatio: `${box[0]} / ${box[1]}`,
        backgroundImage: `url("${address}")`,
        backgroundSize: `${(100 * size[0]) / box[0]}% ${(100 * size[1]) / box[1]}%`,
        backgroundPosition: `${place(0, column)} ${place(1, row)}`,
      }}
    />
  );
} // prettier-ignore

interface Props {
  address: string;
  picture: CellPicture;
  /** The column that is looked at; where there is none, all are shown beside each other. */
  column?: string;
}

/** What is shown of an image: all rows at a column, or all columns of its one row. */
export function Cells({ address, picture, column }: Props) {
  const [chosen, setChosen] = useState('0');
  const { groups, columns } = picture;
  const group = Math.min(Number(chosen), groups.length - 1);
  const { name, rows } = groups[group]!;
  const above = groups.slice(0, group).reduce((sum, one) => sum + one.rows.length, 0);
  const at = column === undefined ? -1 : columns.indexOf(column);
  const shown = at < 0
    ? columns.map((label, i) => ({ label, row: above, column: i }))
    : rows.map((label, i) => ({ label, row: above + i, column: at }));
  return (
    <div class="stack">
      <div class="metric">
        <Select
          label="Image"
          value={`${group}`}
          options={groups.map((one, i) => ({ value: `${i}`, label: `${i + 1}: ${one.name}` }))}
          onChange={setChosen}
        />
      </div>
      <ul class="cells" aria-label={at < 0 ? name : `${name} at ${column}`}>
        {shown.map(({ label, ...place }, i) => (
          <li key={i}>
            <Cell address={address} picture={picture} {...place} label={`${name}, ${label}`} />
            <span class="small">{label}</span>
          </li>
        ))}
      </ul>
    </div>
  );
} // prettier-ignore
