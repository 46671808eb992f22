// `scalewise launch`: a command in several processes, on this machine or as one machine of several, without torchrun.
import { type Command, InvalidArgumentError } from 'commander';
import { launch, planOf, processesOf } from '../launch/index.js';
import { UsageError } from '../util/errors.js';

interface LaunchCommandFlags {
  nproc?: string;
  nnodes?: number;
  nodeRank?: number;
  master?: string;
  maxRestarts: number;
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Commands whose processes work together; several of any other would only write the same thing at once. */
const together = /^(train|refine|tokenizer train|evaluate|doctor --dist)\b/;

async function run(command: readonly string[], flags: LaunchCommandFlags): Promise<void> {
  if (!together.test(command.join(' ')))
    throw new UsageError(
      `launch: expected train, refine, tokenizer train, evaluate or doctor --dist, got '${command.join(' ')}', of which several processes are of no use`,
    );
  const { nproc, nnodes, nodeRank, master, maxRestarts } = flags;
  const plan = planOf({ processes: processesOf('--nproc', nproc), nodes: nnodes, nodeRank, master }, process.env);
  const program = [process.execPath, ...process.execArgv, process.argv[1]!, ...command];
  const say = (line: string) => process.stderr.write(`launch: ${line}\n`);
  process.exitCode = await launch({ ...plan, program, maxRestarts, say });
}

export function registerLaunch(program: Command): void {
  program
    .enablePositionalOptions() // so that the options after the command's name are the command's
    .command('launch')
    .description('run a command in several processes that work together')
    .argument('<command...>', 'train, refine, tokenizer train, evaluate or doctor --dist, with its options')
    .option('--nproc <n>', 'processes on this machine: a number, cpu (cores), gpu (cards) or auto (cards, or one)')
    .option('--nnodes <n>', 'machines of the job', count)
    .option('--node-rank <n>', 'number of this machine, from 0', count)
    .option('--master <host:port>', 'where the processes meet: an address of machine 0')
    .option('--max-restarts <n>', 'how often all are started again after one failed', count, 0)
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Machines and processes of a Kubernetes job are taken from its environment; under srun or mpirun with one task a machine from theirs.
Exit codes 2 (usage) and 65 (bad data) are not retried.

Examples:
  scalewise launch --nproc gpu train --preset fashion-mnist --tokenizer runs/tokenizer --out runs/generator
  scalewise launch --nproc 8 --nnodes 2 --node-rank 0 --master 10.0.0.1:29500 train --config sar.yaml --out runs/sar
`,
    )
    .action(run);
}
