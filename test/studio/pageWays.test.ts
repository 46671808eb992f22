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
    await go(page, 'Runs');
    expect(await openRun()).toEqual(run);
    await close();
  });
});
