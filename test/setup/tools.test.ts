// What set-up itself needs: named where it is missing, installed by root on Debian. And true counts of a test run.
import { spawn } from 'node:child_process';
import { existsSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BareProject, put } from './bareProject.js';

let clone: BareProject;
beforeEach(() => {
  clone = new BareProject();
});
afterEach(() => {
  clone.remove();
});

describe('programs', () => {
  test('all that are missing are named, with the command that installs them', () => {
    const { code, err } = clone.run([], { without: ['c++', 'cmake', 'make'] });
    expect(code).toBe(2);
    expect(err).toBe('set-up: missing: g++, cmake, make (on Debian or Ubuntu: sudo apt-get install g++ cmake make)\n');
  });

  test('root on Debian gets them installed', () => {
    const { calls } = clone.run([], { root: true, apt: true, without: ['make'] });
    expect(calls).toContain('apt-get install -y -qq --no-install-recommends make');
  });

  test('pip is named or installed', () => {
    expect(clone.run(['--libtorch', 'wheel'], { pip: 'no pip' }).err).toContain('sudo apt-get install python3-pip');
    expect(clone.run(['--libtorch', 'wheel'], { without: ['python3'] }).err).toContain('python3 with pip is missing');
    const { calls } = clone.run(['--libtorch', 'wheel'], { pip: 'no pip', root: true, apt: true });
    expect(calls).toContain('apt-get install -y -qq --no-install-recommends python3-pip');
  });

  test('npm is named', () => {
    put(join(clone.path, 'package-lock.json'), '{}');
    expect(clone.run([], { without: ['npm'] }).err).toBe(
      'set-up: missing: npm, which comes with Node (https://nodejs.org)\n',
    );
  });

  test('an old Node is refused', () => {
    put(join(clone.path, 'package.json'), JSON.stringify({ engines: { node: '>=99.1' } }));
    const { code, err } = clone.run([]);
    expect(code).toBe(2);
    expect(err).toBe(`set-up: Node 99.1 or newer is needed, this is ${process.versions.node} (https://nodejs.org)\n`);
  });

  test('options that do not exist are refused', () => {
    expect(clone.run(['--libtorch', 'nowhere']).err).toContain("got 'nowhere'");
    expect(clone.run(['--libtroch', 'apt'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--libtroch') as string,
    });
  });
});

describe('npm packages', () => {
  test('installed once, and again when the lock file changes', () => {
    const lock = join(clone.path, 'package-lock.json');
    put(lock, '{}');
    const world = { systemTorch: '2.6.0' };
    const npm = () => clone.run([], world).calls.filter((call) => call.startsWith('npm ci'));
    expect(npm()).toEqual(['npm ci --include=dev --ignore-scripts --no-audit --no-fund']);
    expect(npm()).toEqual([]);
    utimesSync(lock, new Date(), new Date(Date.now() + 5000));
    expect(npm()).toHaveLength(1);
  });
});

test('a node_modules that is a link is not emptied through it', () => {
  const shared = join(clone.base, 'shared');
  put(join(shared, 'one/package.json'), '{}');
  rmSync(join(clone.path, 'node_modules'), { recursive: true });
  symlinkSync(shared, join(clone.path, 'node_modules'));
  put(join(clone.path, 'package-lock.json'), '{}');
  const { code, err, calls } = clone.run([], { systemTorch: '2.6.0' });
  expect(code).toBe(2);
  expect(err).toContain('is a link, and npm ci would empty the folder behind it');
  expect(calls).toEqual([]);
  expect(existsSync(join(shared, 'one/package.json'))).toBe(true);
});

describe('the lock', () => {
  const lock = () => join(clone.path, 'build/setup.lock');

  test('one that a killed set-up left is taken over', () => {
    put(lock(), '999999999');
    expect(clone.run([], { systemTorch: '2.6.0' }).code).toBe(0);
    expect(existsSync(lock())).toBe(false);
  });

  test('a set-up waits for one that runs', async () => {
    put(lock(), String(process.pid));
    const command = [join(clone.path, 'scripts/setup.mjs'), '--libtorch', 'nowhere'];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((done) => child.on('exit', done));
    const said = await new Promise<string>((done) => child.stdout.once('data', (data: Buffer) => { done(data.toString()); })); // prettier-ignore
    expect(said).toContain('waiting for another set-up of this clone');
    rmSync(lock());
    expect(await ended).toBe(2);
  });
});

describe('the last line of npm test', () => {
  /** A vitest that writes `report` to the file it is told and exits with `code`. */
  function lastLine(report: object | undefined, code: number): { line: string | undefined; code: number | null } {
    const write = report ? `fs.writeFileSync(file, ${JSON.stringify(JSON.stringify(report))});` : '';
    const script = `import fs from 'node:fs'; const file = process.argv.find((a) => a.startsWith('--outputFile')).slice(13); ${write} process.exitCode = ${code};`;
    put(join(clone.path, 'node_modules/vitest/vitest.mjs'), script);
    const outcome = clone.run(['test'], { systemTorch: '2.6.0' }, 'bootstrap.mjs');
    return { line: outcome.out.trim().split('\n').at(-1), code: outcome.code };
  }
  const test1 = (status: string) => ({ status });
  const report = (passed: number, failed: number, files: object[]) => ({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: files,
  });
  const good = { status: 'passed', assertionResults: [test1('passed')] };
  const bad = { status: 'failed', assertionResults: [test1('failed'), test1('passed')] };
  const unloadable = { status: 'failed', assertionResults: [] };

  test.each([
    ['all is well', report(3, 0, [good]), 0, '3 passed, 0 failed'],
    ['a failed test', report(3, 1, [good, bad]), 1, '3 passed, 1 failed'],
    ['a file that does not load counts beside a failed test', report(3, 1, [bad, unloadable]), 1, '3 passed, 2 failed'],
    ['an unhandled error', report(3, 0, [good]), 1, '3 passed, 1 failed'],
    ['no report', undefined, 139, '0 passed, 1 failed'],
  ])('%s', (_, result, code, line) => {
    expect(lastLine(result, code)).toEqual({ line, code });
  });

  test('set-up that fails', () => {
    const { code, err, out } = clone.run(['test'], {}, 'bootstrap.mjs');
    expect(code).toBe(2);
    expect(err).toMatch(/^set-up: no libtorch/);
    expect(out).not.toContain(' passed, ');
  });
});
