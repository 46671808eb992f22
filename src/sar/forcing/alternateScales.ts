// Within an image, scales of even index get true inputs, those of odd index the prediction of the scale before.
import type { Forcing } from '../context.js';
import { sequentialStudent } from './student.js';

export const alternateScales: Forcing = (context) => sequentialStudent(context, (index) => index % 2 === 1);
