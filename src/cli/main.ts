// The command line: one file a verb registers itself here. Usage errors end in one line and exit code 2; faults of ours keep their stack.
import { Command } from 'commander';
import { leaveWithLauncher } from '../launch/index.js';
import { registerConvert } from './convert.js';
import { registerData } from './data.js';
import { registerDoctor } from './doctor.js';
import { registerEdit } from './edit.js';
import { registerEma } from './ema.js';
import { endWith } from './ending.js';
import { registerEvaluate } from './evaluate.js';
import { registerExperiment } from './experiment.js';
import { registerExport } from './export.js';
import { registerGolden } from './golden.js';
import { registerInfo } from './info.js';
import { registerLaunch } from './launch.js';
import { registerPull } from './pull.js';
import { registerQuickstart } from './quickstart.js';
import { registerReconstruct } from './reconstruct.js';
import { registerRuns } from './runs.js';
import { registerSample } from './sample.js';
import { registerStudio } from './studio.js';
import { registerSweep } from './sweep.js';
import { registerTokenizer } from './tokenizer.js';
import { registerRefine, registerTrain } from './train.js';
import { version } from './version.js';

const commands = [
  registerQuickstart,
  registerData,
  registerPull,
  registerInfo,
  registerConvert,
  registerExport,
  registerTokenizer,
  registerTrain,
  registerRefine,
  registerSample,
  registerReconstruct,
  registerEdit,
  registerStudio,
  registerEma,
  registerEvaluate,
  registerSweep,
  registerLaunch,
  registerExperiment,
  registerRuns,
  registerGolden,
  registerDoctor,
];

/** The program with all its commands. */
export function program(): Command {
  const root = new Command('scalewise')
    .description('Train, refine (SAR), sample and evaluate scale-wise autoregressive image generators')
    .version(version())
    .showHelpAfterError('(add --help for the options)')
    .exitOverride();
  for (const register of commands) register(root);
  return root;
}

/** A reader that closed our output (`scalewise … | head`) ends the program quietly; one of the progress ends only that. */
function heedBrokenPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Runs the command line; sets the process's exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  heedBrokenPipes();
  leaveWithLauncher();
  try {
    await program().parseAsync(argv);
  } catch (error) {
    endWith(error);
  }
}
