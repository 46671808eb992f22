// Debian's Chromium and a studio on the shipped weights, for the tests of the page.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

const project = join(import.meta.dirname, '..', '..');

/** The Chromium that is used; undefined where there is none. */
export const chromiumPath = [process.env['SCALEWISE_CHROMIUM'], '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);
if (chromiumPath === undefined)
  console.warn(
    'The tests of the studio’s page are skipped: there is no Chromium (apt-get install chromium, or SCALEWISE_CHROMIUM=path).',
  );

/** A studio that listens. */
export interface RunningStudio {
  url: string;
  /** Kills its workers, as a lack of memory would. */
  killWorkers: () => void;
  stop: () => Promise<void>;
}

/** Starts `scalewise studio` on a free port. */
function startStudio(...args: string[]): Promise<RunningStudio> {
  const program = [join(project, 'bin', 'scalewise.mjs'), 'studio', '--port', '0', ...args];
  const child: ChildProcess = spawn(process.execPath, program, {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  const ended = new Promise<void>((done) => child.on('exit', () => { done(); })); // prettier-ignore
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const killWorkers = () => {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    const ids = children.split(' ').filter((id) => Number(id) > 0);
    if (!ids.length) throw new Error('the studio has no worker');
    for (const id of ids) process.kill(Number(id), 'SIGKILL');
  };
  return new Promise((started, failed) => {
    let said = '';
    const listen = (text: Buffer) => {
      said += String(text);
      const url = /studio: (http:\S+?)\/(?:#\S*)? /.exec(said)?.[1];
      if (url !== undefined) started({ url, stop, killWorkers });
    };
    child.stdout!.on('data', listen);
    child.stderr!.on('data', listen);
    void ended.then(() => { failed(new Error(`the studio ended: ${said}`)); }); // prettier-ignore
  });
}

/** Starts the browser. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Starts both; a studio without a browser is ended again. */
async function startBoth(...args: string[]): Promise<[RunningStudio, Browser]> {
  const studio = await startStudio(...args);
  try {
    return [studio, await startBrowser()];
  } catch (error) {
    await studio.stop();
    throw error;
  }
}

/** A studio and a browser for the tests of a file, told of when both are there, and ended after the last test. */
export function useBoth(
  told: (studio: RunningStudio, browser: Browser) => void,
  args: () => string[] | Promise<string[]> = () => [],
): void {
  let both: [RunningStudio, Browser] | undefined;
  beforeAll(async () => {
    both = await startBoth(...(await args()));
    told(...both);
  });
  afterAll(async () => {
    await both?.[1].close();
    await both?.[0].stop();
  });
}

/** A page of a browser profile of its own; what goes wrong in it is thrown by `problems`. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return { page, problems, close: () => context.close() };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Whether all of a page fits into its width. */
export function fitsWidth(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
}

/** What axe finds wrong with a page: a rule and an element each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe); // not as a script of the page, which its content security policy would refuse
  const script =
    "axe.run().then((r) => r.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))";
  return page.evaluate<string[]>(script);
}
