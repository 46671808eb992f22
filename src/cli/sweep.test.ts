// `scalewise sweep` with the weights that come with Scalewise, on a small folder of PNG files and a classifier that has learnt nothing.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifierFile, modelFolder } from '../../test/cli/judged.js';
import { collectPrinted } from '../../test/cli/printed.js';
import { running } from '../../test/cli/run.js';
import { seedFor } from '../util/random.js';
import { run } from './main.js';
import { namesOf } from './sweepModels.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-sweep-'));
const at = (name: string) => join(root, name);
const classes = Array.from({ length: 10 }, (_, i) => `class${i}`);

/** What all run folders' cards have. */
const card = { classes, data: at('data') };

beforeAll(async () => {
  for (const [split, name] of ['train', 'test'].flatMap((each) => classes.map((one) => [each, one] as const))) {
    mkdirSync(at(`data/${split}/${name}`), { recursive: true });
    for (let i = 0; i < 2; i++) {
      const pixels = Uint8Array.from({ length: 32 * 32 }, (_, place) => seedFor(name, i, place >> 4) % 256);
      const image = sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } });
      await image.png().toFile(at(`data/${split}/${name}/${split}${i}.png`));
    }
  }
  modelFolder(at('before'), 'generator.safetensors', card);
  modelFolder(at('after'), 'generator-sar.safetensors', card);
  modelFolder(at('animals'), 'generator-sar.safetensors', {
    ...card,
    classes: classes.map((name) => `animal ${name}`),
  });
  modelFolder(at('elsewhere'), 'generator-sar.safetensors', { ...card, data: 'cifar10' });
  classifierFile(at('classifier.safetensors'), 1);
  classifierFile(at('other.safetensors'), 2);
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const { out, told } = collectPrinted();
const sweep = (...args: string[]) => run(['node', 'scalewise', 'sweep', ...args, '--threads', '1']);
const small = ['--classifier', at('classifier.safetensors'), '--count', '20', '-b', '20', '-o', at('sweep')];
const pair = [at('before'), at('after'), ...small, '--cfg', '1:2:1'];

describe('two models at two strengths of guidance', () => {
  test('a table, warnings and all files; the same command again measures nothing', async () => {
    await sweep(...pair);
    expect(process.exitCode).toBe(0);
    expect(out[0]).toMatch(
      /^model +best guidance +FCD +precision +recall +density +coverage +kernel distance +class agreement +FCD against before$/,
    );
    expect(out[1]).toMatch(/^before +[12] +\d+\.\d{3} /);
    expect(out[2]).toMatch(/^after +[12] +\d+\.\d{3} .* [+−]\d+\.\d %$/);
    expect(out[3]).toMatch(/^warning: before: its best point lies at the (lowest|highest) guidance/);
    expect(out.at(-3)).toMatch(/^warning: FCD: 20 samples cannot fill the 128 dimensions of its features/);
    expect(out.at(-2)).toMatch(/^warning: differences between models are without an interval/);
    expect(out.at(-1)).toBe(`${at('sweep/report.html')} shows all 4 points`);
    expect(told.filter((line) => /^\d\/4 points/.test(line))).toHaveLength(5);
    expect(readdirSync(at('sweep')).sort()).toEqual(['features', 'points', 'report.html', 'report.md', 'sweep.csv', 'sweep.png', 'sweep.svg']); // prettier-ignore
    const table = readFileSync(at('sweep/sweep.csv'), 'utf8');
    const figures = table.trimEnd().split('\n').slice(1).map((line) => line.split(',')[9]); // prettier-ignore
    expect(new Set(figures).size).toBe(4);
    const first = [...out];
    out.length = told.length = 0;
    await sweep(...pair);
    expect([out, told]).toEqual([first, []]);
    expect(readFileSync(at('sweep/sweep.csv'), 'utf8')).toBe(table);
  });

  test('JSON, of a grid of which a part is there', async () => {
    await sweep(...pair, '--cfg', '0,1:2:1', '--json');
    expect(told.filter((line) => /^\d\/6 points/.test(line))).toHaveLength(3);
    const report = JSON.parse(out.join('')) as { points: { model: string; cfg: number; figures: object }[]; best: object[] }; // prettier-ignore
    expect(report).toMatchObject({
      count: 20,
      seed: 0,
      distance: 'fcd',
      total: 6,
      reference: `${at('data')} test (20 images)`,
    });
    expect(report.points.map(({ model, cfg }) => `${model} ${cfg}`)).toEqual(['before 0', 'before 1', 'before 2', 'after 0', 'after 1', 'after 2']); // prettier-ignore
    expect(report.best.map((one) => Object.keys(one))).toEqual([1, 2].map(() => ['model', 'cfg', 'topK', 'topP', 'temperature'])); // prettier-ignore
  });

  test('best points again with another seed', async () => {
    await sweep(...pair, '--confirm', '1');
    expect(told.filter((line) => /^best points again: \d\/[234] points/.test(line)).length).toBeGreaterThan(2);
    const place = out.indexOf('measured again:');
    expect(out[place + 1]).toMatch(/^model +best settings +FCD with other seeds +against before, each at its own best/);
    expect(out[place + 3]).toMatch(/^after +guidance [12] +\d+\.\d{3} +[+−]\d+\.\d %/);
    const report = readFileSync(at('sweep/report.md'), 'utf8');
    expect(report).toMatch(/with 1 other seed, which chose nothing/);
    expect(report).toMatch(
      /scalewise sweep .*before .*after .*--cfg 1:2:1 --count 20 --batch 20 --seed 0 --confirm 1 --out .*sweep\n/,
    );
  });

  test('with a tokenizer of its own, the command that samples the best one works as it is printed', async () => {
    cpSync(at('before/tokenizer.safetensors'), at('other/tokenizer.safetensors'));
    cpSync(at('before/generator.safetensors'), at('alone/generator.safetensors'));
    const tokenizer = at('other/tokenizer.safetensors');
    await sweep(at('alone'), ...small, '--cfg', '1', '--tokenizer', tokenizer, '--out', at('alone-sweep'));
    const [command] = /^scalewise sample .*$/m.exec(readFileSync(at('alone-sweep/report.md'), 'utf8'))!;
    expect(command).toBe(`scalewise sample --generator ${at('alone')} --tokenizer ${tokenizer} --cfg 1`);
    await run(['node', ...command.split(' '), '--count', '1', '--out', at('best.png')]);
    expect([process.exitCode, existsSync(at('best.png'))]).toEqual([0, true]);
  });

  test('without guidance a ramp and a constant draw the same', async () => {
    const fcd = async (...args: string[]) => {
      out.length = 0;
      await sweep(at('before'), ...small, ...args, '--json');
      return (JSON.parse(out.join('')) as { points: { figures: { fcd: number } }[] }).points[0]!.figures.fcd;
    };
    expect(await fcd('--cfg', '1', '--guidance', 'constant')).toBe(await fcd('--cfg', '0'));
    expect(await fcd('--cfg', '0', '--top-k', '1')).not.toBe(await fcd('--cfg', '0'));
  });
});

test.each<[string, string[], RegExp]>([
  ['data beside a reference', [at('before'), ...small, '--reference', at('data/test'), '--data', 'cifar10'], /--data: it would do nothing beside --reference, in the features of classifier/],
  ['no model', [], /missing required argument 'models'/],
  ['a missing model', [at('nowhere'), ...small], /error: sweep: there is no file or folder .*nowhere/],
  ['a model twice', [at('before'), at('after'), at('before/generator.safetensors'), ...small], /expected each model once, found the weights of .*before again/],
  ['other classes', [at('before'), at('animals'), ...small], /animals: expected the classes of .*before \(class0, .*\), found animal class0, .*; sweep them apart/],
  ['other data', [at('before'), at('elsewhere'), ...small], /--data: the models were trained on .*data and cifar10; say what to compare with/],
  ['a range without end', [at('before'), ...small, '--cfg', '1:4'], /--cfg: expected a number or a range FROM:TO:STEP, .* got '1:4'/],
  ['a step of 0', [at('before'), ...small, '--cfg', '1:4:0'], /--cfg: expected a step above 0/],
  ['half a code', [at('before'), ...small, '--top-k', '0:1:0.5'], /--top-k: expected whole numbers, got 0\.5/],
  ['more than all mass', [at('before'), ...small, '--top-p', '0.9,1.1'], /--top-p: expected numbers from 0 to 1, got 1\.1/],
  ['no temperature', [at('before'), ...small, '--temperature', '0,1'], /--temperature: expected numbers above 0, got 0/],
  ['a list as the shape', [at('before'), ...small, '--guidance', '0,1'], /--guidance.* Allowed choices are ramp, constant/],
  ['fewer images than classes', [at('before'), ...small, '--count', '9'], /--count: expected at least one image a class \(10\), got 9/],
])('%s: refused in a sentence', async (_, args, sentence) => {
  await sweep(...args);
  expect(process.exitCode).toBe(2);
  expect(told.join('\n')).toMatch(sentence);
}); // prettier-ignore

test('two processes with the same command share its points, and tell the same', async () => {
  const args = ['sweep', at('before'), ...small, '--cfg', '0:2:1', '-b', '5', '-o', at('shared'), '--threads', '1'];
  const ended = await Promise.all([running(args), running(args)]);
  expect(ended.map(({ code, err }) => [code, /^.*error.*$/im.exec(err)?.[0]])).toEqual([[0, undefined], [0, undefined]]); // prettier-ignore
  const tables = ended.map(({ out: table }) => table);
  expect(tables[0]).toContain('shows all 3 points');
  expect(tables[1]).toBe(tables[0]);
  expect(readdirSync(at('shared/features')).filter((name) => !name.startsWith('reference-'))).toEqual([]);
}, 300_000);

test('statistics of a network that no flag names, and of another one than a flag names', async () => {
  const reference = at('classifier.npz');
  await run(['node', 'scalewise', 'evaluate', at('data/test'), ...small.slice(0, 2), '--write-reference', reference]);
  const common = [at('before'), ...small.slice(2), '--reference', reference, '--cfg', '1'];
  await sweep(...common);
  expect(process.exitCode).toBe(2);
  expect(told.at(-1)).toMatch(/classifier\.npz: it holds statistics of classifier's features; give that network with --classifier or --features/); // prettier-ignore
  await sweep(...common, '--classifier', at('other.safetensors'));
  expect(told.at(-1)).toMatch(/classifier\.npz: expected statistics of classifier's features .*, found those of classifier/); // prettier-ignore
  await sweep(...common, ...small.slice(0, 2));
  expect(process.exitCode).toBe(0);
  expect(out.at(-1)).toMatch(/shows all 1 points$/);
});

test('names tell models apart by as much of the path as it takes', () => {
  expect(namesOf(['runs/a', 'runs/b'])).toEqual(['a', 'b']);
  expect(namesOf(['x/a/generator.safetensors', 'x/b/generator.safetensors', 'c'])).toEqual(['a/generator', 'b/generator', 'c']); // prettier-ignore
  expect(namesOf(['one/x/g', 'two/x/g'])).toEqual(['one/x/g', 'two/x/g']);
});
