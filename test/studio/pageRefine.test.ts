// The studio's page in a real browser, on a real server with the weights that come with Scalewise: Refine.
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { temporary, tinyData } from '../cli/run.js';
import { chromiumPath, fitsWidth, openPage, type RunningStudio, useBoth, violations } from './browser.js';

/** The label of what has the focus. */
const focused = (page: Page) => page.evaluate<string>('document.activeElement.labels[0].textContent');

describe.skipIf(chromiumPath === undefined)('Refine', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth(
    (...both) => ([studio, browser] = both),
    async () => [temporary(), '--data', await tinyData()],
  );

  test('a result is opened, sorted, and read by keys', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    const card = page.locator('.card', { hasText: 'cifar10/forcing' });
    await card.getByRole('link').click();
    await page.getByRole('heading', { name: 'Forcing strategies from one checkpoint' }).waitFor();
    const first = () => page.locator('tbody tr').first().innerText();
    expect(await first()).toMatch(/^before/);
    await page.getByRole('button', { name: 'FCD', exact: true }).click();
    expect(await first()).toMatch(/^two-pass-ground-truth\s+1\.5\s+3\s+13\.7/);
    await page.getByRole('button', { name: 'FCD', exact: true }).click();
    expect(await first()).toMatch(/^student/);
    expect(await page.locator('th[aria-sort=descending]').count()).toBe(1);
    const chart = page.getByRole('slider', { name: 'FCD against guidance: guidance' });
    await chart.focus();
    await page.keyboard.press('Home');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^guidance 1: before 17\.36, control \d/);
    await page.keyboard.press('ArrowRight');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^guidance 1\.5: before 15\.34/);
    await page.getByLabel('Figure of cifar10').selectOption('recall');
    await page.getByRole('slider', { name: 'recall against guidance: guidance' }).waitFor();
    const [report] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'report.md', exact: true }).click(),
    ]);
    await report.getByText('# Forcing strategies from one checkpoint').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  test('maps of scales have a slider, and their pictures', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    await page.locator('.card', { hasText: 'fashion-mnist/difference-maps' }).getByRole('link').click();
    await page.getByRole('heading', { name: 'Difference maps between scales' }).waitFor();
    const scale = page.locator('input[type=range]');
    await scale.fill('3');
    expect(await scale.getAttribute('aria-valuetext')).toBe('scale 8 × 8');
    expect(await page.locator('.heat td[data-at]').count()).toBe(4);
    await scale.fill('1'); // table, curve and pictures follow it
    const chart = page.getByRole('slider', { name: /: scale$/ });
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^scale 3 × 3: true tokens 0\.\d{4}, before/);
    await page.getByLabel('Image', { exact: true }).selectOption({ label: '2: Trouser' });
    const cells = page.getByRole('list', { name: 'Trouser at 3 × 3' });
    expect(await cells.locator('li').allInnerTexts()).toEqual(['truth', 'before', 'control', 'after SAR']);
    await chart.focus();
    await page.keyboard.press('ArrowRight'); // and it follows the curve's keys
    expect(await scale.getAttribute('aria-valuetext')).toBe('scale 5 × 5');
    await page.getByRole('list', { name: 'Trouser at 5 × 5' }).waitFor();
    await page.getByLabel('Figure', { exact: true }).selectOption('own-sample');
    await page.getByText('The whole picture').click();
    const picture = page.getByRole('img', { name: /pictures of each scale/ });
    expect(await picture.getAttribute('src')).toMatch(/maps-own-sample\.png$/);
    await picture.scrollIntoViewIfNeeded();
    const isThere = `document.querySelector('.picture-link img').naturalWidth > 99`;
    await expect.poll(() => page.evaluate<boolean>(isThere), { timeout: 60_000 }).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });

  test('a refinement is started from the form, refused at the field that is wrong, and watched to its end', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    const start = page.getByRole('button', { name: 'Start' });
    const field = (name: string) => page.getByRole('textbox', { name, exact: true });
    await field('Images to train on').fill('none');
    await start.click();
    await page.getByText('Expected a number, found "none".', { exact: true }).waitFor();
    expect(await field('Images to train on').getAttribute('aria-invalid')).toBe('true');
    expect(await focused(page)).toBe('Images to train on');
    expect(await violations(page)).toEqual([]);
    const data = page.getByLabel('Data', { exact: true });
    await data.selectOption((await data.locator('option').allInnerTexts()).at(-1)!);
    await field('Images to train on').fill('16');
    await field('Images a step').fill('8');
    await page.getByText('All settings').click();
    await field('every.log').fill('8');
    await field('every.save').fill('16');
    await field('Name').fill('tiny');
    await start.click();
    const watched = page.locator('.watched');
    await watched.waitFor();
    await page.waitForSelector('.watched[data-state=done]', { timeout: 120_000 });
    expect(await watched.getByRole('heading').innerText()).toMatch(/^tiny tiny-[0-9a-f]{6}$/);
    await watched.getByText(/^Done · 16 of 16 images · loss \d/).waitFor();
    expect(await page.evaluate(`document.querySelector('.watched progress').position`)).toBe(1);
    await watched.getByText('Last lines of its log').click();
    expect(await watched.locator('.log').innerText()).toMatch(/\S/);
    expect(await watched.getByRole('link', { name: 'Curves of tiny' }).getAttribute('href')).toMatch(
      /^\/runs\/\w{16}$/,
    );
    expect(await violations(page)).toEqual([]);
    await close();
  });

  test('what is refused has the focus wherever it is, and is forgotten once it is changed', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    const start = page.getByRole('button', { name: 'Start' });
    await page.getByText('All settings').click();
    const scales = page.getByRole('textbox', { name: 'scales', exact: true });
    await scales.fill('[1,2');
    await page.getByText('All settings').click();
    await start.click();
    const sentence = page.getByText(/^Expected a value as YAML, such as 1e-4, .*Flow sequence must end with a \]\.$/);
    await sentence.waitFor();
    expect(await focused(page)).toBe('scales');
    expect(await violations(page)).toEqual([]);
    await scales.fill('');
    await sentence.waitFor({ state: 'detached' });
    const message = 'refinements: tiny is running, and this studio runs one at a time; wait until it ends, or stop it';
    await page.route('**/api/refinements', (route) => route.fulfill({ status: 409, json: { error: { message, type: 'conflict', param: null, code: 'refinements_full' } } }), { times: 1 }); // prettier-ignore
    await page.route('**/api/refinements', (route) => (route.request().method() === 'POST' ? route.fallback() : route.continue())); // prettier-ignore
    await start.click();
    const alert = page.getByRole('form').getByRole('alert');
    expect(await alert.innerText()).toBe('Tiny is running, and this studio runs one at a time; wait until it ends, or stop it.'); // prettier-ignore
    await expect.poll(() => page.evaluate('document.activeElement.role'), { timeout: 60_000 }).toBe('alert');
    await page.getByRole('textbox', { name: 'Name' }).fill('other');
    expect(await alert.count()).toBe(0);
    await close();
  });

  test('a generator brings its images and its preset', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    const data = page.getByLabel('Data', { exact: true });
    await data.selectOption('cifar10');
    await page.getByLabel('Preset').selectOption('sar-d16');
    await page.getByLabel('Generator').selectOption('model:generator');
    expect(await data.inputValue()).toBe('fashion-mnist');
    expect(await page.getByLabel('Preset').inputValue()).toMatch(/^fashion-mnist/);
    expect(problems).toEqual([]);
    await close();
  });

  test('one is stopped, found after a reload, and gone on with', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/refine`);
    await page.getByRole('button', { name: 'Start' }).waitFor();
    const data = page.getByLabel('Data', { exact: true });
    await data.selectOption((await data.locator('option').allInnerTexts()).at(-1)!);
    await page.getByRole('textbox', { name: 'Images to train on', exact: true }).fill('80000');
    await page.getByRole('textbox', { name: 'Images a step', exact: true }).fill('8');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('long');
    await page.getByRole('button', { name: 'Start' }).click();
    const watched = page.locator('.watched', { hasText: 'long' });
    const comesTo = (state: string) => page.waitForSelector(`.watched[data-state=${state}]:has-text("long")`);
    await watched.getByText(/^Running · \d+ of 80000 images/).waitFor();
    await watched.getByRole('button', { name: 'Stop long' }).click();
    await comesTo('stopped');
    await page.reload();
    await comesTo('stopped');
    const seen = async () => Number(/(\d+) of/.exec(await watched.getByRole('status').innerText())![1]);
    const saved = await seen();
    await watched.getByRole('button', { name: 'Go on with long' }).click();
    await comesTo('running');
    await expect.poll(seen, { timeout: 60_000 }).toBeGreaterThan(saved); // and not from the beginning
    await watched.getByRole('button', { name: 'Stop long' }).click();
    await comesTo('stopped');
    expect(problems).toEqual([]);
    await close();
  });

  test('where none can be started the page says why', async () => {
    const { page, close } = await openPage(browser);
    await page.route('**/api/refinements/options', async (route) => {
      const response = await route.fetch();
      const closed = 'Refinements are switched off.';
      await route.fulfill({ response, json: { ...((await response.json()) as object), closed } });
    });
    await page.goto(`${studio.url}/refine`);
    await page.getByText('Refinements are switched off.').waitFor();
    expect(await page.getByRole('button', { name: 'Start' }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await close();
  });

  test('axe finds nothing in light and dark, and a phone shows it whole', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await openPage(browser, { colorScheme, viewport: { width: 360, height: 740 } });
      await page.goto(`${studio.url}/refine`);
      await page.getByRole('button', { name: 'Start' }).waitFor();
      await page.locator('.card').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await page.locator('.card', { hasText: 'cifar10/forcing' }).getByRole('link').click();
      await page.locator('.chart').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await close();
    }
  });
});
