// What `scalewise launch` starts by flags, by the variables of a node, and under srun and mpirun.
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { processesOf } from './nodes.js';
import { type LaunchFlags, type LaunchPlan, planOf } from './plan.js';

type Variables = Record<string, string>;

const cards = { CUDA_VISIBLE_DEVICES: '2,3,5' };
const noCards = { CUDA_VISIBLE_DEVICES: '' };
const far = { nodes: 2, nodeRank: 1, master: 'one:29500' };
const v2 = { PET_NNODES: '2', PET_NODE_RANK: '1', PET_NPROC_PER_NODE: '4', PET_MASTER_ADDR: 'job-node-0-0', PET_MASTER_PORT: '29400' }; // prettier-ignore
const v1 = { RANK: '1', WORLD_SIZE: '8', PET_NPROC_PER_NODE: '4', MASTER_ADDR: 'job-master-0', MASTER_PORT: '23456' };
const pai = { RANK: '1', WORLD_SIZE: '2', NPROC_PER_NODE: '4', MASTER_ADDR: 'one', MASTER_PORT: '23456' };
const srun = {
  SLURM_JOB_ID: '7', SLURM_STEP_ID: '0', SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '2', SLURM_LOCALID: '0', SLURM_NODEID: '1',
  SLURM_STEP_TASKS_PER_NODE: '1(x2)', SLURM_STEP_NODELIST: 'gpu[1-2]',
}; // prettier-ignore

test.each<[string, LaunchFlags, Variables, Partial<LaunchPlan>]>([
  ['no card: one process', {}, noCards, { processes: 1, nodes: 1, nodeRank: 0, host: '127.0.0.1' }],
  ['a process for every card', {}, cards, { processes: 3 }],
  ['a number', { processes: 2 }, cards, { processes: 2 }],
  ['cores', { processes: 'cpu' }, cards, { processes: availableParallelism() }],
  ['several machines', { ...far, processes: 8 }, {}, { processes: 8, nodes: 2, nodeRank: 1, host: 'one', port: 29500 }],
  ['one machine and a port', { master: '127.0.0.1:1234' }, noCards, { nodes: 1, port: 1234 }],
  ['Kubeflow v2', {}, v2, { processes: 4, nodes: 2, nodeRank: 1, host: 'job-node-0-0', port: 29400 }],
  ['Kubeflow v2, by cards', {}, { ...v2, ...cards, PET_NPROC_PER_NODE: 'gpu' }, { processes: 3, nodes: 2 }],
  ['Kubeflow v1: WORLD_SIZE counts processes', {}, v1, { processes: 4, nodes: 2, nodeRank: 1, host: 'job-master-0' }],
  ['PAI: WORLD_SIZE counts nodes', {}, pai, { processes: 4, nodes: 2, nodeRank: 1, host: 'one', port: 23456 }],
  ['srun, once a node', { processes: 2 }, srun, { processes: 2, nodes: 2, nodeRank: 1, host: 'gpu1', port: 10_007 }],
  [
    'flags before the environment',
    { ...far, nodeRank: 0, processes: 2 },
    v2,
    { processes: 2, nodeRank: 0, host: 'one' },
  ],
])('%s', (_, flags, variables, expected) => {
  expect(planOf(flags, variables)).toMatchObject(expected);
});

test('a single machine takes a free port', () => {
  expect(planOf({}, noCards).port).toBeUndefined();
});

test.each<[string, LaunchFlags, Variables, RegExp]>([
  ['a worker', {}, { LOCAL_RANK: '0' }, /this is a worker already/],
  ['half of the flags', { nodes: 2, nodeRank: 0 }, {}, /--nnodes, --node-rank and --master host:port all together/],
  ['a machine too many', { ...far, nodeRank: 2 }, {}, /node 2 cannot be one of 2/],
  ['another number of processes', { processes: 2 }, v2, /--nproc is 2 and the environment says 4/],
  ['machines without an address', {}, { PET_NNODES: '2', PET_NODE_RANK: '0' }, /give --master host:port/],
  [
    'srun, twice a node',
    {},
    { ...srun, SLURM_STEP_TASKS_PER_NODE: '2(x2)' },
    /slurm started it 2 times on this machine/,
  ],
  ['no card', { processes: 'gpu' }, noCards, /no graphics card is visible/],
  ['a share of a pod', {}, { ...v1, WORLD_SIZE: '9' }, /WORLD_SIZE is 9 and PET_NPROC_PER_NODE 4/],
])('%s is refused', (_, flags, variables, sentence) => {
  expect(() => planOf(flags, variables)).toThrow(sentence);
});

test('a number of processes', () => {
  expect(['2', 'gpu', undefined, ''].map((text) => processesOf('--nproc', text))).toEqual([
    2,
    'gpu',
    undefined,
    undefined,
  ]);
  expect(() => processesOf('--nproc', '0')).toThrow(
    /^--nproc: expected a number of processes, cpu, gpu or auto, found '0'$/,
  );
});
