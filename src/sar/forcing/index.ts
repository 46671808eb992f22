// The forcing strategies by name: the arms of the paper's Table 3.
import type { Forcing } from '../context.js';
import type { ForcingName } from '../settings.js';
import { alternateScales } from './alternateScales.js';
import { alternateSteps } from './alternateSteps.js';
import { hybrid } from './hybrid.js';
import { sar } from './sar.js';
import { student } from './student.js';
import { teacher } from './teacher.js';
import { twoPassGroundTruth } from './twoPassGroundTruth.js';

export const forcings: Record<ForcingName, Forcing> = {
  teacher,
  student,
  'alternate-steps': alternateSteps,
  'alternate-scales': alternateScales,
  hybrid,
  'two-pass-ground-truth': twoPassGroundTruth,
  sar,
};
