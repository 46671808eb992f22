// The variables that PyTorch's torchrun, and `scalewise launch`, give every worker.
import { type Environment, masterOf, numbersOf } from './environment.js';
import type { Outcome } from './topology.js';

const needed = ['RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'];

/** LOCAL_RANK tells workers from node-level variables of the same names. */
export function torchrun(env: Environment): Outcome {
  const number = numbersOf(env);
  const localRank = number('LOCAL_RANK');
  if (localRank === undefined) return undefined;
  const [rank, size] = [number('RANK'), number('WORLD_SIZE')];
  const { host, port } = masterOf(env);
  if (rank === undefined || size === undefined || host === undefined || port === undefined) {
    const missing = needed.filter((name) => !env[name]?.trim());
    return { lacks: `LOCAL_RANK is set, and ${missing.join(', ')} not: expected torchrun's variables all together` };
  }
  const localSize = number('LOCAL_WORLD_SIZE');
  return {
    source: 'torchrun',
    rank,
    size,
    localRank,
    ...(localSize !== undefined && { localSize }),
    host,
    port,
    agentStore: env['TORCHELASTIC_USE_AGENT_STORE'] === 'True',
    restart: number('TORCHELASTIC_RESTART_COUNT') ?? 0,
  };
}
