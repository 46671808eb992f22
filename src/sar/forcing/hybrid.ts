// True inputs up to a side (8 of 16 in the paper), a sequential student above it.
import type { Forcing } from '../context.js';
import { sequentialStudent } from './student.js';

export const hybrid: Forcing = (context) => {
  const { scales, settings } = context;
  const limit = settings.hybridSide ?? Math.floor(scales.at(-1)! / 2);
  return sequentialStudent(context, (index) => (scales[index] ?? 0) > limit);
};
