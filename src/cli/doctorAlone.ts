// `scalewise doctor` without the other commands, which load libtorch: where that fails, doctor is what is asked for.
import { Command, CommanderError } from 'commander';
import { leaveWithLauncher, writeElasticError } from '../launch/index.js';
import { registerDoctor } from './doctor.js';

/** Runs `doctor`; sets the process's exit code. */
export function run(argv: readonly string[]): void {
  const program = new Command('scalewise').showHelpAfterError('(add --help for the options)').exitOverride();
  registerDoctor(program);
  leaveWithLauncher();
  try {
    program.parse(argv);
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) writeElasticError(error);
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
