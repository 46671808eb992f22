// Teacher forcing on even training steps, student forcing on odd ones.
import type { Forcing } from '../context.js';
import { student } from './student.js';
import { teacher } from './teacher.js';

export const alternateSteps: Forcing = (context) => (context.step % 2 === 0 ? teacher(context) : student(context));
