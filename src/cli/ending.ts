// How a command ends that failed.
import { CommanderError } from 'commander';
import { writeElasticError } from '../launch/index.js';
import { UsageError } from '../util/errors.js';

/** Tells the user and a launcher, and sets the exit code; throws again what is a fault of ours. `--help` ends here as well. */
export function endWith(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  writeElasticError(error);
  if (error instanceof CommanderError) process.exitCode = 2;
  else if (error instanceof UsageError) {
    console.error(`error: ${error.message}`);
    process.exitCode = error.exitCode;
  } else throw error;
}
