// Slurm's way of writing lists of hosts, and where the tasks of a step meet.
import { UsageError } from '../util/errors.js';
import { type Environment, masterOf, numbersOf, portFor } from './environment.js';

/** Elements of a list at its commas outside brackets. */
const elements = (list: string) => list.match(/[^,[]+(?:\[[^\]]*\][^,[]*)*/g) ?? [];

/** `[01-03,7]` as 01, 02, 03, 7. */
function numbersIn(brackets: string): string[] {
  return brackets.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-') as [string, string?];
    const count = Number(last) - Number(first) + 1;
    if (!(count > 0 && count <= 100_000))
      throw new UsageError(`SLURM_JOB_NODELIST: expected hosts as node[01-04], found [${brackets}]`);
    return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, '0'));
  });
}

function expand(element: string): string[] {
  const [, before, brackets, after] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(element) ?? [];
  if (before === undefined) return [element];
  const tails = expand(after!);
  return numbersIn(brackets!).flatMap((number) => tails.map((tail) => `${before}${number}${tail}`));
}

/** The hosts of a Slurm list, e.g. `gpu[01-03,7],login`, as `scontrol show hostnames` prints them. */
export const expandHosts = (list: string) => elements(list).flatMap(expand);

/** Hosts of the step, or of the job. */
export function slurmHosts(env: Environment): string[] {
  return expandHosts(env['SLURM_STEP_NODELIST'] ?? env['SLURM_JOB_NODELIST'] ?? env['SLURM_NODELIST'] ?? '');
}

/** Where the tasks of a step meet: its first host, and a port that job and step make. */
export function slurmAddress(env: Environment): { host?: string; port: number } {
  const number = numbersOf(env);
  const step = number('SLURM_STEP_ID') ?? 0;
  const master = { port: portFor((number('SLURM_JOB_ID') ?? 0) + 1009 * step), ...masterOf(env) };
  const host = master.host ?? slurmHosts(env)[0];
  return { port: master.port, ...(host !== undefined && { host }) };
}
