// Every source of ranks and every trap on the way: what launchers set, as far as this file needs it, and what must come of it.
import { describe, expect, test } from 'vitest';
import { expandHosts } from './slurmHosts.js';
import { resolveTopology, type Topology } from './topology.js';

type Variables = Record<string, string>;

const torchrun = {
  RANK: '3', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2', GROUP_RANK: '1', MASTER_ADDR: 'one', MASTER_PORT: '29511',
}; // prettier-ignore
const slurm = {
  SLURM_JOB_ID: '120345', SLURM_JOB_NAME: 'sar', SLURM_STEP_ID: '0', SLURM_PROCID: '2', SLURM_NTASKS: '3', SLURM_STEP_NUM_TASKS: '3',
  SLURM_LOCALID: '0', SLURM_NODEID: '1', SLURM_STEP_TASKS_PER_NODE: '2,1', SLURM_STEP_NODELIST: 'gpu[07-08]',
}; // prettier-ignore
const openMpi = {
  OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_RANK: '1', OMPI_COMM_WORLD_LOCAL_SIZE: '2',
  PMIX_RANK: '1', MASTER_ADDR: 'one',
}; // prettier-ignore
const pmi = { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '2' };
const pod = { RANK: '1', WORLD_SIZE: '2', MASTER_ADDR: 'job-master-0', MASTER_PORT: '23456' };

function without(variables: Variables, ...names: string[]): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

describe('what each source says', () => {
  test.each<[string, Variables, Partial<Topology>]>([
    ['nothing', {}, { source: 'none', rank: 0, size: 1, localRank: 0, localSize: 1, agentStore: false, restart: 0 }],
    [
      'torchrun',
      torchrun,
      { source: 'torchrun', rank: 3, size: 4, localRank: 1, localSize: 2, host: 'one', port: 29511, agentStore: false },
    ],
    [
      "torchrun's agent and its restarts",
      { ...torchrun, TORCHELASTIC_USE_AGENT_STORE: 'True', TORCHELASTIC_RESTART_COUNT: '2' },
      { agentStore: true, restart: 2 },
    ],
    [
      'srun',
      slurm,
      {
        source: 'slurm',
        rank: 2,
        size: 3,
        localRank: 0,
        localSize: 1,
        host: 'gpu07',
        port: 10_000 + (120_345 % 20_000),
      },
    ],
    [
      'srun, with an address by the job script',
      { ...slurm, MASTER_ADDR: 'here', MASTER_PORT: '1234', WORLD_SIZE: '3' },
      { host: 'here', port: 1234 },
    ],
    [
      'mpirun of Open MPI',
      openMpi,
      { source: 'openmpi', rank: 1, size: 4, localRank: 1, localSize: 2, host: 'one', port: 29500 },
    ],
    [
      'mpirun on one machine needs no address',
      { ...without(openMpi, 'MASTER_ADDR'), OMPI_COMM_WORLD_SIZE: '2', PMIX_NAMESPACE: '20007' },
      { host: '127.0.0.1', port: 10_007 },
    ],
    ['mpirun by PMI', pmi, { source: 'pmi', rank: 1, size: 2, localRank: 1, localSize: 2, host: '127.0.0.1' }],
    [
      'a pod of one process (Kubeflow v1)',
      { ...pod, PET_NPROC_PER_NODE: 'auto', PET_NNODES: '2', PET_NODE_RANK: '1' },
      { source: 'torchrun', rank: 1, size: 2, localRank: 0, localSize: 1, host: 'job-master-0', port: 23456 },
    ],
    ['a node of one process (PAI)', { ...pod, NPROC_PER_NODE: '1' }, { source: 'torchrun', rank: 1, size: 2 }],
    ['a single pod (Kubeflow v2)', { PET_NNODES: '1', PET_NPROC_PER_NODE: '1' }, { source: 'none', size: 1 }],
  ])('%s', (_, variables, expected) => {
    expect(resolveTopology(variables)).toMatchObject(expected);
  });

  test('flags', () => {
    const flags = { rank: 1, worldSize: 2, master: '[::1]:29500' };
    expect(resolveTopology(torchrun, flags)).toMatchObject({
      source: 'flags', rank: 1, size: 2, localRank: 1, localSize: 2, host: '::1', port: 29500,
    }); // prettier-ignore
    expect(resolveTopology({}, { ...flags, master: 'far:29500' })).toMatchObject({ localRank: 0, localSize: 1 });
    expect(resolveTopology({}, { ...flags, localRank: 1, master: 'far:29500' })).toMatchObject({ localSize: 2 });
  });
});

describe('which source wins', () => {
  test.each<[string, Variables, Partial<Topology>]>([
    ['torchrun inside Slurm', { ...slurm, ...torchrun }, { source: 'torchrun', rank: 3 }],
    ["torchrun's workers keep the node's variables", { ...torchrun, PET_NPROC_PER_NODE: '2', PET_NNODES: '2' }, { source: 'torchrun', rank: 3 }],
    ['srun that offers PMI as well', { ...slurm, ...pmi, PMI_RANK: '2', PMI_SIZE: '3' }, { source: 'slurm' }],
    ['mpirun inside a batch script', { ...without(slurm, 'SLURM_STEP_ID'), SLURM_PROCID: '0', ...without(openMpi, 'MASTER_ADDR') }, { source: 'openmpi', rank: 1, size: 4, host: 'gpu07' }],
    ["mpirun's remote daemon was started by srun", { ...slurm, ...openMpi }, { source: 'openmpi', rank: 1, size: 4 }],
    ['a shell of Slurm (bash)', { ...slurm, SLURM_JOB_NAME: 'bash', SLURM_STEP_NUM_TASKS: '1' }, { source: 'none' }],
    ['a shell of Slurm (interactive)', { ...without(slurm, 'SLURM_STEP_NUM_TASKS'), SLURM_JOB_NAME: 'interactive' }, { source: 'none' }],
    ['srun from such a shell', { ...slurm, SLURM_JOB_NAME: 'interactive' }, { source: 'slurm', rank: 2 }],
    ['a batch script of one task', { ...without(slurm, 'SLURM_STEP_ID', 'SLURM_STEP_NUM_TASKS'), SLURM_PROCID: '0', SLURM_NTASKS: '1' }, { source: 'none' }],
    ['an address alone says nothing', { MASTER_ADDR: 'one', MASTER_PORT: '29500' }, { source: 'none' }],
  ])('%s', (_, variables, expected) => {
    expect(resolveTopology(variables)).toMatchObject(expected);
  }); // prettier-ignore
});

describe('what is refused', () => {
  test.each<[string, Variables, RegExp]>([
    ['a rank outside the world', { ...torchrun, RANK: '4' }, /rank 4 cannot be one of a world of 4/],
    ['a local rank too many', { ...torchrun, LOCAL_RANK: '2' }, /local rank 2 cannot be one of 2/],
    ['more here than anywhere', { ...torchrun, LOCAL_WORLD_SIZE: '8' }, /8 processes on this machine/],
    ['no number', { ...torchrun, RANK: 'x' }, /^RANK: expected a whole number, found 'x'$/],
    ['no port', { ...torchrun, MASTER_PORT: '70000' }, /^MASTER_PORT: expected a port/],
    ['half of torchrun', without(torchrun, 'RANK', 'MASTER_PORT'), /LOCAL_RANK is set, and RANK, MASTER_PORT not/],
    ['RANK alone', { RANK: '0' }, /RANK is 0 and WORLD_SIZE not set/],
    ['a pod without an address', without(pod, 'MASTER_ADDR'), /MASTER_ADDR or MASTER_PORT not/],
    ['a batch script of several tasks', { ...without(slurm, 'SLURM_STEP_ID', 'SLURM_STEP_NUM_TASKS'), SLURM_PROCID: '0' }, /put srun before/],
    ['a task without a list of hosts', without(slurm, 'SLURM_STEP_NODELIST'), /set MASTER_ADDR/],
    ['srun and another WORLD_SIZE', { ...slurm, WORLD_SIZE: '6' }, /WORLD_SIZE is 6 and Slurm says 3/],
    ['mpirun and another RANK', { ...openMpi, RANK: '0' }, /RANK is 0 and Open MPI says 1/],
    ['mpirun over machines without an address', without(openMpi, 'MASTER_ADDR'), /mpirun -x MASTER_ADDR/],
    ['PMI without local ranks', without(pmi, 'MPI_LOCALRANKID'), /MPI_LOCALRANKID is not set/],
    ['PMIx alone', { PMIX_RANK: '0' }, /nothing says how many/],
    ['PAI: a node of several', { ...pod, NPROC_PER_NODE: '8' }, /describe a node of 8 processes.*scalewise launch/],
    ['Kubeflow v1: a pod of several', { ...pod, WORLD_SIZE: '16', PET_NPROC_PER_NODE: '8' }, /describe a node of 8/],
    ['Kubeflow v2: as many as cards', { PET_NNODES: '2', PET_NODE_RANK: '0', PET_NPROC_PER_NODE: 'gpu' }, /node of gpu processes/],
    ['a range of nodes', { PET_NNODES: '1:4' }, /PET_NNODES: expected one number/],
  ])('%s', (_, variables, sentence) => {
    expect(() => resolveTopology(variables)).toThrow(sentence);
  }); // prettier-ignore

  test.each([
    [{ rank: 0 }, /expected all three/],
    [{ rank: 0, worldSize: 2, master: 'nowhere' }, /--master: expected host:port/],
    [{ rank: 2, worldSize: 2, master: 'one:29500' }, /rank 2 cannot be/],
  ])('flags %o', (flags, sentence) => {
    expect(() => resolveTopology({}, flags)).toThrow(sentence);
  });
});

test("Slurm's lists of hosts", () => {
  expect(expandHosts('login')).toEqual(['login']);
  expect(expandHosts('n[08-10,3],gpu-a.local')).toEqual(['n08', 'n09', 'n10', 'n3', 'gpu-a.local']);
  expect(expandHosts('rack[0-1]n[1,2]x')).toEqual(['rack0n1x', 'rack0n2x', 'rack1n1x', 'rack1n2x']);
  expect(() => expandHosts('n[4-2]')).toThrow(/expected hosts as/);
});
