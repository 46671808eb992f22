// The commands that run without libtorch, without the others, which load it: `doctor`, asked for where that fails, `launch`, which only waits, and
// `studio`, whose workers load it.
import { Command } from 'commander';
import { leaveWithLauncher } from '../launch/index.js';
import { registerDoctor } from './doctor.js';
import { endWith } from './ending.js';
import { registerLaunch } from './launch.js';
import { registerStudio } from './studio.js';

/** Runs one of them; sets the process's exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('scalewise').showHelpAfterError('(add --help for the options)').exitOverride();
  registerDoctor(program);
  registerLaunch(program);
  registerStudio(program);
  leaveWithLauncher();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    endWith(error);
  }
}
