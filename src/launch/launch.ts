// `scalewise launch`: starts the processes of a job on this machine with torchrun's variables, and all of them anew when one fails.
import { createServer } from 'node:net';
import { availableParallelism, constants } from 'node:os';
import { secondSignal } from '../util/signals.js';
import { type Failure, type Group, type Member, startGroup } from './group.js';
import type { LaunchPlan } from './plan.js';

export interface LaunchOptions extends LaunchPlan {
  /** Program and arguments of every process. */
  program: readonly string[];
  /** How often the group may be started again. */
  maxRestarts: number;
  /** Milliseconds from SIGTERM to SIGKILL for the others when one has failed. */
  patience?: number;
  say: (line: string) => unknown;
}

/** Exit codes of mistakes that another start cannot mend: bad settings, bad data. */
const final = [2, 65];

/** A port that nobody listens on. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error(`internal: no port at ${host}`));
        else resolve(address.port);
      });
    });
  });
}

/** Threads of a process where the user has not said: cores shared out, for more of them wait for one another. */
function threadsOf(processes: number): NodeJS.ProcessEnv {
  if (process.env['OMP_NUM_THREADS'] || processes === 1) return {};
  return { OMP_NUM_THREADS: String(Math.max(1, Math.floor(availableParallelism() / processes))) };
}

async function membersOf(options: LaunchOptions, restart: number): Promise<Member[]> {
  const { processes, nodes, nodeRank, host, maxRestarts } = options;
  const port = options.port ?? (await freePort(host));
  const shared = {
    ...process.env,
    ...threadsOf(processes),
    WORLD_SIZE: String(nodes * processes),
    LOCAL_WORLD_SIZE: String(processes),
    GROUP_RANK: String(nodeRank),
    MASTER_ADDR: host,
    MASTER_PORT: String(port),
    TORCHELASTIC_RESTART_COUNT: String(restart),
    TORCHELASTIC_MAX_RESTARTS: String(maxRestarts),
    TORCHELASTIC_USE_AGENT_STORE: 'False',
    SCALEWISE_LAUNCHED: '1',
  };
  return Array.from({ length: processes }, (_, localRank) => {
    const rank = nodeRank * processes + localRank;
    return { rank, environment: { ...shared, RANK: String(rank), LOCAL_RANK: String(localRank) } };
  });
}

/** Passes signals on to the group that runs: the first as it is, another one of the user's as SIGKILL. */
function passSignals(group: () => Group | undefined) {
  const isSecond = secondSignal();
  let stopped: NodeJS.Signals | undefined;
  const pass = (signal: NodeJS.Signals) => {
    if (isSecond()) group()?.pass('SIGKILL');
    else if (!stopped) group()?.pass(signal);
    stopped ??= signal;
  };
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return { stopped: () => stopped, end: () => process.off('SIGINT', pass).off('SIGTERM', pass) };
}

/** Runs the job's processes on this machine to their end; the exit code: 0, or that of the first that failed. */
export async function launch(options: LaunchOptions): Promise<number> {
  const { program, maxRestarts, say, processes } = options;
  let group: Group | undefined;
  const signals = passSignals(() => group);
  try {
    for (let restart = 0; ; restart++) {
      const members = await membersOf(options, restart);
      const stopped = signals.stopped();
      if (stopped) return 128 + constants.signals[stopped];
      group = startGroup(program, members, options.patience ?? 10_000);
      const failure: Failure | undefined = await group.ended;
      if (!failure) return 0;
      say(`rank ${failure.rank} ${failure.how}${processes > 1 ? '; the other processes here have ended too' : ''}`);
      if (signals.stopped() !== undefined || final.includes(failure.code) || restart >= maxRestarts)
        return failure.code;
      say(`starting all ${processes} again (restart ${restart + 1} of ${maxRestarts})`);
    }
  } finally {
    signals.end();
  }
}
