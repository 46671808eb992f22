// The studio's page in a real browser, on a real server with the weights that come with Scalewise: Generate.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pngTexts } from '../../src/formats/index.js';
import { chromiumPath, fitsWidth, openPage, type RunningStudio, useBoth, violations } from './browser.js';

const built = join(import.meta.dirname, '..', '..', 'dist', 'studio-page');

/** So many scales of so many images that one can see them come. */
const slow = '/?model=generator-sar&model=generator&class=Bag&count=16&scales=1,2,3,5,8,12,16,20,24';

/** The generation that the address was drawn by is whole. */
const finished = async (page: Page) => {
  const state = `document.querySelector('.stage[data-state=done]')?.dataset.id === (history.state?.generation ?? null)`;
  await expect.poll(() => page.evaluate(state), { timeout: 60_000 }).toBe(true);
};
/** Whether all of a text is on the screen. */
async function inView(page: Page, text: string): Promise<boolean> {
  const { y, height } = (await page.getByText(text).boundingBox())!;
  return y >= 0 && y + height <= page.viewportSize()!.height;
}
const seedShown = (page: Page) => page.locator('.viewer header .soft').first().innerText();
const lastFrame = (page: Page) => page.locator('.picture img').first().getAttribute('src');

describe.skipIf(chromiumPath === undefined)('Generate', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth((...both) => ([studio, browser] = both));

  test('an image is watched from its first scale to the last, beside another model’s; its link makes it again', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.addInitScript(`
      globalThis.heard = [];
      globalThis.EventSource = class extends EventSource {
        addEventListener(name, listener) {
          super.addEventListener(name, (event) => { heard.push(name + (JSON.parse(event.data).index ?? '')); listener(event); });
        }
      };`);
    await page.goto(studio.url);
    await page.getByLabel('Beside it').selectOption('generator');
    await page.getByRole('combobox', { name: 'Class' }).fill('sneak');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Seed' }).fill('7');
    await page.keyboard.press('Control+Enter');
    await finished(page);
    const heard = await page.evaluate<string[]>('heard');
    const scales = heard.filter((name) => name.startsWith('scale')).sort();
    expect(scales).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4].map((index) => `scale${index}`));
    expect(heard.at(-1)).toBe('done');

    const strip = page.getByRole('slider', { name: 'Scale that is shown' });
    expect(await strip.getAttribute('aria-valuetext')).toMatch(
      /^scale 5 of 5, 8 × 8 tokens; generator-sar: mean entropy/,
    );
    expect(await page.locator('.strip-scale[data-there]').count()).toBe(5);
    await strip.focus();
    await page.keyboard.press('Home');
    expect(await page.getByRole('img', { name: 'Token map: 1 token, 1 different code' }).count()).toBe(2);
    await page
      .locator('.strip-scale')
      .nth(1)
      .hover({ position: { x: 9, y: 9 } });
    await page.mouse.down();
    await page.waitForSelector('[aria-valuenow="2"]');
    await page
      .locator('.strip-scale')
      .nth(2)
      .hover({ position: { x: 9, y: 9 } });
    await page.waitForSelector('[aria-valuenow="3"]');
    await page.mouse.up();
    await page.keyboard.press('End');

    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the image of generator-sar' }).click();
    const file = readFileSync(await (await download).path());
    expect(pngTexts('download', file).get('parameters')).toMatch(/Sneaker[^]*\b7\b/);

    const again = await openPage(browser);
    await again.page.goto(page.url());
    await finished(again.page);
    const pixels = `(async () => { const image = document.querySelector('.picture img'); await image.decode();
      return [...new Uint8Array(await (await fetch(image.src)).arrayBuffer())]; })()`;
    expect(await lastFrame(again.page)).not.toBe(await lastFrame(page));
    expect(Buffer.from(await again.page.evaluate<number[]>(pixels)).equals(file)).toBe(true);
    expect([...problems, ...again.problems]).toEqual([]);
    await again.close();
    await close();
  });

  test('a reload takes up what runs, cancelling stops it, and another reload finds what there is', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(studio.url + slow);
    await page.waitForSelector('.strip-scale[data-there]');
    const frame = await page.locator('.frame img').first().getAttribute('src');
    await page.reload();
    await page.waitForSelector('.strip-scale[data-there]');
    expect(await page.locator('.frame img').first().getAttribute('src')).toBe(frame);
    expect(await page.getByRole('textbox', { name: 'Images' }).inputValue()).toBe('16');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForSelector('.stage[data-state=cancelled]');
    expect(await page.locator('.status').innerText()).toMatch(/^Cancelled after \d+ of 288 scales/);
    await page.reload();
    await page.waitForSelector('.stage[data-state=cancelled]');
    expect(await page.getByRole('button', { name: 'Generate' }).isEnabled()).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });

  test('a worker that is killed in the middle is told of, and the next attempt goes well', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(studio.url + slow);
    await page.waitForSelector('.strip-scale[data-there]');
    studio.killWorkers();
    await page.waitForSelector('.stage[data-state=failed]');
    expect(await page.getByRole('alert').innerText()).toMatch(/worker/);
    await page.getByRole('textbox', { name: 'Images' }).fill('1');
    await page.getByRole('button', { name: 'Try again' }).click();
    await finished(page);
    expect(await page.getByRole('alert').count()).toBe(0);
    await close();
  });

  test('a class is mixed with others, and the link draws the mixture again', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/?class=Bag&seed=2`);
    await finished(page);
    const plain = await lastFrame(page);
    await page.getByRole('button', { name: 'Mix with another class' }).click();
    await page.getByRole('combobox', { name: 'Mixed with' }).fill('coat');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Weight' }).fill('0.5');
    const asked = page.waitForRequest((request) => request.method() === 'POST');
    await page.keyboard.press('Control+Enter');
    expect((await asked).postDataJSON()).toMatchObject({ class: [[8, 1], [4, 0.5]] }); // prettier-ignore
    await page.waitForURL(/class=Bag&mix=Coat%3A0.5/);
    await page.waitForSelector('.stage[data-state=done]');
    await expect.poll(() => lastFrame(page), { timeout: 60_000 }).not.toBe(plain);
    expect(await violations(page)).toEqual([]);
    await page.reload();
    await finished(page);
    expect(await page.getByRole('combobox', { name: 'Mixed with' }).inputValue()).toBe('Coat');
    await page.getByRole('button', { name: 'No Coat' }).click();
    expect(await page.getByRole('combobox', { name: 'Mixed with' }).count()).toBe(0);
    expect(problems).toEqual([]);
    await close();
  });

  test('back and forward take up what each address was drawn by', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${studio.url}/?model=generator-sar&class=Bag&seed=1`);
    await finished(page);
    const first = await lastFrame(page);
    await page.getByRole('textbox', { name: 'Seed' }).fill('2');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/seed=2/);
    await finished(page);
    const second = await lastFrame(page);
    expect(second).not.toBe(first);
    const shows = (frame: string | null) => page.waitForSelector(`.picture img[src="${frame}"]`);
    await page.goBack();
    await shows(first);
    expect(await page.getByRole('textbox', { name: 'Seed' }).inputValue()).toBe('1');
    await page.goForward();
    await shows(second);
    await close();
  });

  test('two browsers at once see each its own', async () => {
    const pages = await Promise.all([1, 2].map(() => openPage(browser)));
    await Promise.all(pages.map(({ page }, i) => page.goto(`${studio.url}/?class=Dress&count=2&seed=${40 + 10 * i}`)));
    await Promise.all(pages.map(({ page }) => finished(page)));
    expect(await Promise.all(pages.map(({ page }) => seedShown(page)))).toEqual(['seed 40', 'seed 50']);
    for (const { problems, close } of pages) {
      expect(problems).toEqual([]);
      await close();
    }
  });

  test('axe finds nothing in light and dark, a phone shows it whole, and what is wrong is said', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await openPage(browser, { colorScheme, viewport: { width: 360, height: 740 } });
      await page.goto(`${studio.url}/?class=Coat&seed=3&model=nothing`);
      await page.getByText('There is no model “nothing” here.').waitFor();
      expect(await inView(page, 'There is no model “nothing” here.')).toBe(true);
      expect(await violations(page)).toEqual([]);
      await page.getByText('How tokens are drawn').click();
      await page.getByLabel('Top-p').fill('2');
      await page.getByText('Expected numbers of 0 to 1, found 2.').waitFor();
      expect(await inView(page, 'Expected numbers of 0 to 1, found 2.')).toBe(true); // typing does not scroll away from the field
      expect(await violations(page)).toEqual([]);
      await page.getByLabel('Top-p').fill('0.9');
      await page.getByLabel('Beside it').selectOption('generator');
      await page.route('**/api/generations', (route) => route.fulfill({ status: 503, json: { error: { message: 'The studio is busy.' } } })); // prettier-ignore
      await page.getByRole('button', { name: 'Generate' }).click();
      await page.getByText('The studio is busy.').waitFor();
      expect(await inView(page, 'The studio is busy.')).toBe(true);
      await page.unroute('**/api/generations');
      await page.getByRole('button', { name: 'Generate' }).click();
      await finished(page);
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await close();
    }
  });

  test('the first load is below 200 KB compressed', async () => {
    const { page, close } = await openPage(browser);
    const loaded: string[] = [];
    page.on('response', (response) => loaded.push(new URL(response.url()).pathname));
    await page.goto(studio.url, { waitUntil: 'networkidle' });
    const files = loaded
      .filter((path) => !path.startsWith('/v1/'))
      .map((path) => (path === '/' ? '/index.html' : path));
    expect(files.length).toBeGreaterThan(3);
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(built, file))).length, 0);
    expect(bytes).toBeLessThan(200_000);
    await close();
  });
});
