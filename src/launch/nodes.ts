// Variables that describe a node and not a process, as Kubernetes operators set them for an agent: `scalewise launch` is one.
// Kubeflow Trainer v2 sets PET_* alone; Kubeflow v1 sets them beside RANK (the pod) and WORLD_SIZE (pods × processes of a pod);
// PAI sets RANK (the node), WORLD_SIZE (nodes) and NPROC_PER_NODE.
import { UsageError } from '../util/errors.js';
import { type Address, type Environment, masterOf, numbersOf, portNumber } from './environment.js';
import type { Outcome } from './topology.js';

/** What a node knows of its job. */
export interface Node extends Partial<Address> {
  nodes: number;
  rank: number;
  /** Processes to start on it, or what to count: cores (`cpu`), graphics cards (`gpu`), cards or else cores (`auto`). */
  processes?: number | 'cpu' | 'gpu' | 'auto';
}

const kinds = ['cpu', 'gpu', 'auto'] as const;

/** A number of processes, or what gives it. */
export function processesOf(name: string, text: string | undefined): Node['processes'] {
  const kind = kinds.find((one) => one === text);
  if (kind) return kind;
  if (text === undefined || text === '') return undefined;
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw new UsageError(`${name}: expected a number of processes, cpu, gpu or auto, found '${text}'`);
  return Number(text);
}

/** `4`, or torchrun's range `4:4`; a range of several sizes is for torchrun's elastic agents. */
function nodeCount(text: string): number {
  const [low, high = low] = text.split(':');
  if (!/^[1-9]\d*$/.test(low!) || low !== high)
    throw new UsageError(
      `PET_NNODES: expected one number of nodes, found '${text}'; a range needs torchrun as the command`,
    );
  return Number(low);
}

/** The node that the environment describes, if it describes one. */
export function nodeOf(env: Environment): Node | undefined {
  if (env['LOCAL_RANK']) return undefined;
  const number = numbersOf(env);
  const [rank, size] = [number('RANK'), number('WORLD_SIZE')];
  const name = env['PET_NPROC_PER_NODE'] === undefined ? 'NPROC_PER_NODE' : 'PET_NPROC_PER_NODE';
  const processes = processesOf(name, env[name]);
  const perNode = { ...(processes !== undefined && { processes }) };
  if (env['PET_NNODES']) {
    const port = portNumber('PET_MASTER_PORT', env['PET_MASTER_PORT']);
    const host = env['PET_MASTER_ADDR'];
    const address = { ...masterOf(env), ...(host && { host }), ...(port !== undefined && { port }) };
    const nodes = nodeCount(env['PET_NNODES']);
    const node = number('PET_NODE_RANK') ?? rank ?? (nodes === 1 ? 0 : undefined);
    if (node === undefined) throw new UsageError(`PET_NNODES is ${nodes} and PET_NODE_RANK not set: set both`);
    return { nodes, rank: node, ...perNode, ...address };
  }
  if (rank === undefined || size === undefined) return undefined;
  if (name === 'NPROC_PER_NODE' || typeof processes !== 'number')
    return { nodes: size, rank, ...perNode, ...masterOf(env) };
  if (size % processes !== 0)
    throw new UsageError(`WORLD_SIZE is ${size} and PET_NPROC_PER_NODE ${processes}: expected a multiple of it`);
  return { nodes: size / processes, rank, ...perNode, ...masterOf(env) };
}

/**
 * A pod's only process may take the pod's number as its own. Where a pod is to have several, or as many as it has cards,
 * RANK is the pod's number and no process's: that is refused.
 */
export function oneProcessANode(env: Environment): Outcome {
  const node = nodeOf(env);
  const [rank, size] = [env['RANK'], env['WORLD_SIZE']];
  if (!node) {
    if (!rank) return undefined;
    return { lacks: `RANK is ${rank} and WORLD_SIZE not set: set all of torchrun's variables, or unset RANK` };
  }
  const { host, port, processes = 1 } = node;
  const counted = !rank || !size; // v2: nothing but the agent's variables
  const several = typeof processes === 'number' ? processes > 1 : counted;
  if (several)
    return {
      lacks: `these variables describe a node of ${processes} processes, not a process: start with 'scalewise launch <command>', which starts them`,
    };
  if (node.nodes === 1) return undefined;
  if (host === undefined || port === undefined)
    return { lacks: 'RANK and WORLD_SIZE are set, and MASTER_ADDR or MASTER_PORT not: set all four' };
  return { source: 'torchrun', rank: node.rank, size: node.nodes, localRank: 0, localSize: 1, host, port };
}
