// How a command ends that a signal may stop.
import { type Ended, exitCodeOf } from '../util/signals.js';
import { say } from './settingsOptions.js';

/** Sets the exit code; where a signal ended the command, says so, and how to go on. Answers whether one did. */
export function wasStopped(ended: Ended, after?: string, how = 'the same command goes on from here'): boolean {
  process.exitCode = exitCodeOf(ended);
  if (ended === 'done') return false;
  say(`${ended}: stopped${after === undefined ? '' : ` after ${after}`}; ${how}`);
  return true;
}
