// Two hosts, played by network namespaces with a cable between them: they work together, and cutting the cable ends both with a sentence.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { libtorch } from '../../src/torch/index.js';
import { type Member, startMember } from './job.js';

const hosts = ['a', 'b'].map((letter, rank) => ({
  name: `scalewise-${process.pid}-${letter}`,
  cable: `sw${process.pid}${letter}`,
  address: `10.77.0.${rank + 1}`,
}));

const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' }).status === 0;

/** Whether there are two hosts now. */
function build(): boolean {
  const [a, b] = hosts;
  return (
    hosts.every(({ name }) => ip('netns', 'add', name)) &&
    ip('link', 'add', a!.cable, 'netns', a!.name, 'type', 'veth', 'peer', 'name', b!.cable, 'netns', b!.name) &&
    hosts.every(
      ({ name, cable, address }) =>
        ip('-n', name, 'address', 'add', `${address}/24`, 'dev', cable) &&
        ip('-n', name, 'link', 'set', cable, 'up') &&
        ip('-n', name, 'link', 'set', 'lo', 'up'),
    )
  );
}

const { gloo, version } = libtorch();
const possible = gloo && process.platform === 'linux' && build();
if (!possible) console.log('not tested: hosts (network namespaces need root, and a libtorch with Gloo)');
afterAll(() => {
  for (const { name } of hosts) ip('netns', 'delete', name);
});

const start = (task: string, port: number, timeout: number): Member[] =>
  hosts.map(({ name }, rank) =>
    startMember(task, { rank, size: 2, host: hosts[0]!.address, port }, timeout, ['ip', 'netns', 'exec', name]),
  );

/** Addresses, in /proc's writing, on which anything listens on a member's host. */
function listening({ process }: Member): string[] {
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${process.pid}/net/${name}`, 'utf8').split('\n'));
  return lines.map((line) => line.trim().split(/\s+/)).filter((words) => words[3] === '0A').map((words) => words[1]!.split(':')[0]!); // prettier-ignore
}

test.runIf(possible)('two hosts work together', async () => {
  const results = await Promise.all(start('gradients', 29500, 30).map((one) => one.ended));
  const gradients = results.map(({ code, out, err }) => {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return (JSON.parse(out) as { gradients: number[][] }).gradients;
  });
  expect(gradients[0]).toEqual(gradients[1]);
});

test.runIf(possible)(
  'hosts listen to each other only, and a cable that is cut ends both: each names the other',
  async () => {
    const members = start('steps', 29501, 4);
    await Promise.all(members.map((one) => one.printed));
    if (!version.startsWith('1.')) expect(new Set(listening(members[0]!))).toEqual(new Set(['01004D0A']));
    const [a] = hosts;
    expect(ip('-n', a!.name, 'link', 'set', a!.cable, 'down')).toBe(true);
    const [first, second] = await Promise.all(members.map((one) => one.ended));
    const silence =
      /gave no answer \(killed, stopped or cut off; the limit is 4 s\); the run goes on from its last checkpoint/;
    expect(first!.err).toMatch(/^rank 1 of 2 /);
    expect(second!.err).toMatch(/^rank 0 of 2 at 10.77.0.1:29501, where the others meet, /);
    for (const { code, err } of [first!, second!]) {
      expect(err).toMatch(silence);
      expect(code).toBe(75);
    }
  },
);
