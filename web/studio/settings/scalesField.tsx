// The list of scales: one of the model's schedules, or any where the model takes any; drawn as the squares that it is.
import { useState } from 'preact/hooks';
import type { ModelDetails, Scales } from '../../../src/studio/api/index.js';
import { Select, TextField } from './fields.js';
import { parseScales, sameScales, scalesText, sidesOf } from './settings.js';

/** Stands for a list that is none of the schedules, whose names are words. */
const own = ' ';

/** The size of the image that some scales make, in pixels. */
export function sizeOf(scales: Scales, stride: number): [height: number, width: number] {
  const [height, width] = sidesOf(scales.at(-1) ?? 0);
  return [height * stride, width * stride];
}

/** The scales from coarse to fine, side by side in one proportion. */
function Ladder({ scales }: { scales: Scales }) {
  const largest = Math.max(1, ...scales.flatMap(sidesOf));
  return (
    <div class="ladder" aria-hidden="true">
      {scales.slice(0, 16).map((scale, i) => {
        const [height, width] = sidesOf(scale);
        const unit = 34 / largest;
        return (
          <i key={i} style={{ height: `${Math.max(3, height * unit)}px`, width: `${Math.max(3, width * unit)}px` }} />
        );
      })}
    </div>
  );
}

interface Props {
  details: ModelDetails;
  scales: Scales;
  onChange: (scales: Scales) => void;
}

/** A choice of schedules with a text for a list of one's own. */
export function ScalesField({ details, scales, onChange }: Props) {
  const { schedules, anyScales, stride } = details;
  const names = Object.keys(schedules);
  const preset = names.find((name) => sameScales(schedules[name]!, scales));
  const [free, setFree] = useState(preset === undefined);
  const value = free || preset === undefined ? own : preset;
  const options = names.map((name) => {
    const list = schedules[name]!;
    return {
      value: name,
      label: `${name === 'own' ? 'the model’s own' : name}, ${sizeOf(list, stride).join(' × ')}`,
    };
  });
  if (anyScales || preset === undefined) options.push({ value: own, label: 'a list of my own' });
  const choose = (name: string) => {
    setFree(name === own);
    if (name !== own) onChange(schedules[name]!);
  };
  const parse = (text: string) => {
    const parsed = parseScales(text);
    if (!parsed.length) throw new Error('Expected sides such as 1, 2, 3, 4x6.');
    if (parsed.length > 32) throw new Error(`Expected at most 32 scales, found ${parsed.length}.`);
    return parsed;
  };
  return (
    <>
      <Select label="Scales" value={value} options={options} onChange={choose} />
      {value === own && (
        <TextField
          label="Sides, coarse to fine"
          value={scales}
          parse={parse}
          format={(list) => scalesText(list)}
          onChange={onChange}
          hint={`Height x width where a scale is no square. They make ${sizeOf(scales, stride).join(' × ')} pixels.`}
        />
      )}
      <Ladder scales={scales} />
    </>
  );
}
