// `scalewise experiment --plan`: commands that work from everywhere; and options that would do nothing.
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from './main.js';

const out: string[] = [];
const told: string[] = [];
beforeEach(() => {
  out.length = told.length = 0;
  process.exitCode = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void told.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

test('a preset that is measured by FID has its measurements among the commands, with whole paths', async () => {
  const flags = [
    '--preset',
    'imagenet',
    '--seeds',
    '1',
    '--cfg',
    '2,3',
    '--reference',
    'package.json',
    '--out',
    'runs/x',
  ];
  await run(['node', 'scalewise', 'experiment', 'generalise', ...flags, '--plan']);
  expect(out).toHaveLength(2 * (2 + 3 * 2)); // both families: two trainings, and three models at two strengths
  expect(out[0]).toMatch(new RegExp(`--out ${resolve('runs/x')}/models/imagenet/forcing=teacher/seed-0$`));
  expect(out[2]).toBe(
    `scalewise evaluate flexvar-d16 --inception --reference ${resolve('package.json')} --count 50000 --batch 100 --part 500 --top-k 900 --top-p 0.95 --cfg 2 --seed 0 --replicates 0 --threads 0 --device cpu --out ${resolve('runs/x')}/evaluations/imagenet/before/cfg=2,top-k=900,top-p=0.95,n=50000,batch=100`,
  );
  expect(out[4]).toContain(
    `scalewise evaluate ${resolve('runs/x')}/models/imagenet/forcing=teacher/seed-0 --inception`,
  );
});

test('measurements at another temperature say so', async () => {
  const flags = ['--preset', 'imagenet', '--seeds', '1', '--cfg', '2', '--temperature', '1:1.1:0.1', '--out', 'runs/x'];
  await run(['node', 'scalewise', 'experiment', 'generalise', ...flags, '--plan']);
  expect(out).toHaveLength(2 * (2 + 3 * 2));
  expect([out[2], out[3]].map((line) => /--cfg 2( --temperature 1\.1)? .*before\/(.*),top-k/.exec(line!)?.slice(1))).toEqual([
    [undefined, 'cfg=2'],
    [' --temperature 1.1', 'cfg=2,temperature=1.1'],
  ]);
}); // prettier-ignore

test.each<[string[], RegExp]>([
  [['--preset', 'imagenet', '--classifier', 'file'], /--classifier: it would do nothing, since the preset imagenet is measured by FID/],
  [['--reference', 'file'], /--reference: it would do nothing, since the preset fashion-mnist is measured by a classifier/],
  [['--top-p', '2'], /--top-p: expected a number from 0 to 1, got 2/],
  [['--plan', '--set', 'foo=1'], /experiment: unknown setting 'foo'/],
  [['--plan', '--set', 'forcing.gamma=abc'], /'forcing\.gamma': expected a number/],
  [['--plan', '--generator', 'nosuch'], /--generator: there is no file or folder .*nosuch/],
  [['--arms', '2 student passes (damped)'], /--arms: '2 student passes \(damped\)' is none of control, sar, /],
  [['--temperature', '0,1'], /--temperature: expected numbers above 0, got 0/],
  [['--cfg', 'x'], /--cfg: expected a number or a range/],
  [['--plan', '--temperature', '1.1'], /--temperature: it would do nothing/],
  [['--plan', '--count', '5'], /--count: it would do nothing, since the preset fashion-mnist has no measurements among its planned commands/],
])('%j is refused', async (flags, sentence) => {
  await run(['node', 'scalewise', 'experiment', 'forcing', ...flags]);
  expect([process.exitCode, told.at(-1)]).toEqual([2, expect.stringMatching(sentence)]);
}); // prettier-ignore
