// True inputs up to a side (8 of 16 in the paper), a sequential student above it.
import type { Forcing } from '../context.js';
import { type Scale, sizeOf } from '../../tokenizers/index.js';
import { sequentialStudent } from './student.js';

const longest = (scale: Scale) => Math.max(...sizeOf(scale));

export const hybrid: Forcing = (context) => {
  const { scales, settings } = context;
  const limit = settings.hybridSide ?? Math.floor(longest(scales.at(-1)!) / 2);
  return sequentialStudent(context, (index) => longest(scales[index] ?? 0) > limit);
};
