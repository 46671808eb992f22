// `scalewise doctor`: what libtorch, CPU and machine can do, what is lacking, what that costs and how to mend it.
// It must run where the addon does not load, so it imports no torch.
import type { Command } from 'commander';
import pc from 'picocolors';
import { describeDistribution } from './doctor/distribution.js';
import { type Facts, gatherFacts } from './doctor/facts.js';
import { type Finding, findingsOf } from './doctor/findings.js';

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function rows({ version, node, libtorch, addon, cpu, memory, cache }: Facts): [string, string][] {
  const measured = 'problem' in addon ? undefined : addon;
  const has = (what: boolean) => (what ? 'yes' : 'no');
  return [
    ['scalewise', version],
    ['node', node.version],
    ['libtorch', libtorch ? `${libtorch.version}, by ${libtorch.source} from ${libtorch.root}` : 'none'],
    ...(measured
      ? ([
          ['BLAS', `${measured.blas}, ${measured.gflops} GFLOP/s in float32; oneDNN: ${has(measured.onednn)}`],
          ['bfloat16', `${measured.bfloat16Speed.toFixed(2)} of float32's speed`],
          ['threads', `${measured.threads} of ${cpu.cores} cores`],
          ['devices', measured.cudaDevices ? `cpu, ${measured.cudaDevices} × cuda` : 'cpu'],
          ['back ends', `for distribution: gloo: ${has(measured.gloo)}, nccl: ${has(measured.nccl)}`],
        ] satisfies [string, string][])
      : []),
    ['CPU', `${cpu.features.join(' ') || 'features unknown'}; in use: ${measured?.capability ?? 'nothing'}`],
    ['memory', `${gib(memory.free)} free of ${gib(memory.total)}`],
    ['cache', `${cache.folder}, ${gib(cache.free)} free`],
  ];
}

const paint = { error: pc.red, warning: pc.yellow, note: pc.cyan };

function describe({ level, lack, cost, remedy }: Finding): string {
  return `${paint[level](level)}: ${lack}\n  costs: ${cost}\n  mend:  ${remedy}`;
}

async function doctor({ json = false, dist = false }: { json?: boolean; dist?: boolean }): Promise<void> {
  if (dist) {
    await describeDistribution(json);
    return;
  }
  const facts = gatherFacts();
  const findings = findingsOf(facts);
  const usable = !findings.some((one) => one.level === 'error');
  if (json) console.log(JSON.stringify({ usable, facts, findings }, null, 2));
  else {
    for (const [name, value] of rows(facts)) console.log(`${name.padEnd(10)} ${value}`);
    for (const finding of findings) console.log(`\n${describe(finding)}`);
    console.log(usable ? '\nScalewise can run here.' : '\nScalewise cannot run here yet.');
  }
  if (!usable) process.exitCode = 2;
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine and its libtorch can do, what is lacking and how to mend it')
    .option('--json', 'print facts and findings as JSON')
    .option('--dist', 'say which process of a job this is, and meet the others')
    .addHelpText(
      'after',
      '\nExit code 2 where Scalewise cannot run.\n\nExamples:\n  scalewise doctor\n  srun scalewise doctor --dist\n',
    )
    .action(doctor);
}
