// The studio's page in a real browser: the ways between its pages.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { temporary } from '../cli/run.js';
import { falling, makeRun } from '../runFolders.js';
import { chromiumPath, openPage, type RunningStudio, useBoth } from './browser.js';

/** What is there once a page has all that it shows at first. */
const whole: Record<string, string> = {
  Generate: '.stage[data-state=done], .settings + .results .notice',
  Edit: '.drop .notice',
  Runs: '.run-table',
  Refine: '.desk:has(.settings) .card',
  Understand: '.held-out img',
};

/** Places and kinds of boxes of all that is shown in a part of the page. */
async function boxes(page: Page, part: string): Promise<string[]> {
  await page.evaluate(`Promise.all([...document.images].map((image) => image.decode()))`);
  return page.evaluate<string[]>(`[...document.querySelectorAll('${part} *')].map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const at = [x, y + scrollY, width, height].map(Math.round).join(' ');
    return element.tagName + ' ' + element.getAttribute('class') + ' ' + getComputedStyle(element).display + ' ' + at;
  })`);
}

/** Those of a page. */
async function layout(page: Page, name: string): Promise<string[]> {
  await page.waitForSelector(`nav a[aria-current]:text-is("${name}")`);
  await page.waitForSelector(`main :is(${whole[name]})`);
  return boxes(page, name === 'Runs' ? '.runs-head' : 'main'); // how long ago a run was written changes
}

describe.skipIf(chromiumPath === undefined)('The ways between pages', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth(
    (...both) => ([studio, browser] = both),
    () => {
      const root = temporary();
      makeRun(join(root, 'short'), { records: falling([8, 16], 3) });
      return [root];
    },
  );

  const go = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();

  test('a page looks the same whatever pages were looked at before', async () => {
    const names = Object.keys(whole);
    const fresh: Record<string, string[]> = {};
    for (const name of names) {
      const { page, close } = await openPage(browser);
      await page.goto(`${studio.url}/${name === 'Generate' ? '' : name.toLowerCase()}`);
      fresh[name] = await layout(page, name);
      expect(fresh[name].length).toBeGreaterThan(3);
      await close();
    }
    const orders = [[...names, ...names], [...names].reverse(), ['Understand', 'Refine', 'Edit', 'Runs', 'Generate', 'Refine']]; // prettier-ignore
    for (const order of orders) {
      const { page, problems, close } = await openPage(browser);
      await page.goto(studio.url);
      for (const name of order) {
        await go(page, name);
        expect(await layout(page, name), `${name} in ${order.join(', ')}`).toEqual(fresh[name]);
      }
      expect(problems).toEqual([]);
      await close();
    }
  });

  test('so do a run and a result', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${studio.url}/runs`);
    const openRun = async () => {
      await page.getByRole('link', { name: 'short', exact: true }).click();
      await page.waitForSelector('.run-main .plot canvas');
      return boxes(page, '.run-main');
    };
    const openResult = async () => {
      await page.locator('.card', { hasText: 'cifar10/forcing' }).getByRole('link').click();
      await page.waitForSelector('.chart-plot');
      return boxes(page, 'main');
    };
    const run = await openRun();
    const other = await openPage(browser);
    await other.page.goto(`${studio.url}/refine`);
    await other.page.locator('.card', { hasText: 'cifar10/forcing' }).getByRole('link').click();
    await other.page.waitForSelector('.chart-plot');
    const result = await boxes(other.page, 'main');
    await other.close();
    await go(page, 'Understand');
    await go(page, 'Refine');
    expect(await openResult()).toEqual(result);
    await go(page, 'Generate');
    await go(page, 'Runs'); // at the run, which was left
    await page.waitForSelector('.run-main .plot canvas');
    expect(await boxes(page, '.run-main')).toEqual(run);
    await go(page, 'Runs');
    expect(await openRun()).toEqual(run);
    await close();
  });

  test('a page is found as it was left, image and form', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/?class=Bag&seed=5`);
    await page.waitForSelector('.stage[data-state=done]');
    const frame = await page.locator('.picture img').first().getAttribute('src');
    const address = page.url();
    await go(page, 'Generate');
    expect(page.url()).toBe(address);
    await page.getByRole('textbox', { name: 'Seed' }).fill('77'); // and not drawn
    await go(page, 'Runs');
    await page.waitForSelector('.run-table');
    for (const come of [() => go(page, 'Generate'), () => page.reload()]) {
      await come();
      await page.waitForSelector(`.picture img[src="${frame}"]`);
      expect(page.url()).toBe(address);
      expect(await page.getByRole('textbox', { name: 'Seed' }).inputValue()).toBe('77');
    }
    await page.getByRole('link', { name: 'Edit', exact: true }).last().click();
    await page.waitForSelector('.mask-editor');
    const editing = page.url();
    await go(page, 'Edit');
    await go(page, 'Understand');
    await go(page, 'Edit');
    await page.waitForSelector('.mask-editor');
    expect(page.url()).toBe(editing);
    expect(problems).toEqual([]);
    await close();
  });

  test('what is new takes the focus, and names the tab', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/runs`);
    await page.getByRole('link', { name: 'short', exact: true }).press('Enter');
    await page.waitForSelector('.run-main');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await expect.poll(() => page.title(), { timeout: 60_000 }).toBe('short · Runs · Scalewise studio');
    await page.getByRole('link', { name: 'All runs' }).press('Enter');
    await page.waitForSelector('.run-table');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(await page.title()).toBe('Runs · Scalewise studio');
    await page.goto(`${studio.url}/understand?data=0&step=3`);
    await expect.poll(() => page.title(), { timeout: 60_000 }).toMatch(/^.+ · Understand · Scalewise studio$/);
    expect(problems).toEqual([]);
    await close();
  });

  test('a wrong address is told of', async () => {
    const { page, close } = await openPage(browser);
    for (const path of ['nope', 'edit/xyz', 'understand/xyz', 'runs/a/b']) {
      await page.goto(`${studio.url}/${path}`);
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
      expect(await page.title()).toBe('Not found · Scalewise studio');
    }
    await page.goto(`${studio.url}/understand?model=gone&data=0&step=9`);
    await page.getByText('This link: There is no model “gone” here; this is generator-sar.').waitFor();
    await page.getByText('This link: step: expected a whole number from 1 to 6, found “9”.').waitFor();
    await page.goto(`${studio.url}/edit?generation=nope&from=generator-sar&image=0`);
    await page.getByText(/^The image of this link is gone: .*Draw it again at Generate/).waitFor();
    await close();
  });

  test('an unknown run is asked for once', async () => {
    const { page, close } = await openPage(browser);
    let [streams, answers] = [0, 0];
    page.on('request', (request) => {
      if (request.url().endsWith('/events')) streams++;
    });
    page.on('response', (response) => {
      if (response.url().endsWith('/api/runs/0123456789abcdef')) answers++;
    });
    await page.clock.install();
    await page.goto(`${studio.url}/runs/0123456789abcdef`);
    await page.getByText(/there is no run/).waitFor();
    await expect.poll(() => answers, { timeout: 60_000 }).toBe(2); // why there is no stream was asked, too
    await page.evaluate(`fetch('/healthz').then((answer) => answer.text())`);
    await page.clock.fastForward(60_000);
    await page.getByRole('link', { name: 'All runs' }).click();
    await page.waitForSelector('.run-table');
    expect(streams).toBe(1);
    await close();
  });

  test('a page that cannot be loaded says why, and is loaded once it can be', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(studio.url);
    await page.getByRole('button', { name: 'Generate' }).waitFor();
    await page.route('**/*', (route) => route.abort());
    await go(page, 'Runs');
    await page.getByText('The studio’s server does not answer. Is `scalewise studio` still running?').waitFor();
    await page.unroute('**/*');
    await page.route('**/assets/refine*', (route) => route.fulfill({ status: 404 }));
    await go(page, 'Refine');
    await page.getByText(/^This page could not be loaded: Scalewise was built anew/).waitFor();
    await page.unroute('**/assets/refine*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.card');
    await close();
  });

  test('a server that ends while the page is open is told of', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(studio.url);
    await page.getByRole('button', { name: 'Generate' }).waitFor();
    await studio.stop();
    const gone = page.getByText('The studio’s server does not answer. Is `scalewise studio` still running?');
    await go(page, 'Understand');
    await gone.waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await gone.waitFor();
    await go(page, 'Generate');
    await gone.waitFor();
    await close();
  });
});
