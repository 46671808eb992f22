// The studio's page in a real browser, on a real server with the weights that come with Scalewise: Edit.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { chromiumPath, fitsWidth, openPage, type RunningStudio, useBoth, violations } from './browser.js';

const shirt = join(import.meta.dirname, '..', '..', 'docs', 'images', 'editing', 'shirt.png');

/** Sends the form; the request's `edit`, once its images are drawn. */
async function redraw(page: Page): Promise<{ image?: unknown; mask?: string; margins?: object; feather?: number }> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Make it anew' }).click();
  const answer = await answered;
  const { edit } = answer.request().postDataJSON() as { edit: { mask?: string; margins?: object; feather?: number } };
  const { id } = (await answer.json()) as { id: string };
  await page.waitForSelector(`.stage[data-id="${id}"][data-state=done]`);
  return edit;
}

describe.skipIf(chromiumPath === undefined)('Edit', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth((...both) => ([studio, browser] = both));

  test('a drawn image is masked by pointer and by keys, made anew, gone on with, and found after a reload', async () => {
    const { page, problems, close } = await openPage(browser, { viewport: { width: 1280, height: 900 } });
    await page.goto(`${studio.url}/?class=Pullover&seed=5`);
    await page.locator('.viewer').getByRole('link', { name: 'Edit' }).click();
    const board = page.getByRole('application', { name: 'Mask over generator-sar, seed 5' });
    const box = (await board.boundingBox())!;
    const at = (x: number, y: number) => [box.x + (x * box.width) / 32, box.y + (y * box.height) / 32] as const;
    await page.getByText('Box', { exact: true }).click();
    await page.mouse.move(...at(8.5, 8.5));
    await page.mouse.down();
    await page.mouse.move(...at(15.5, 11.5));
    await page.mouse.up();
    await page.getByText('2 of 64 tokens are made anew').waitFor();
    await board.focus();
    for (const key of ['ArrowRight', 'Space', 'Shift+ArrowDown', 'Control+z']) await page.keyboard.press(key);
    await page.getByText(/column \d, kept; 3 of 64 tokens are made anew/).waitFor();
    const { mask } = await redraw(page);
    expect(mask).toMatch(/^data:image\/png;base64,/);
    expect(await page.locator('.thumbs button').count()).toBe(4);
    await page.reload();
    await page.waitForSelector('.stage[data-state=done]');
    await page.getByText('3 of 64 tokens are made anew').waitFor();
    await page.getByRole('link', { name: 'Go on with this' }).click();
    await page.getByText('0 of 64 tokens are made anew').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  test('a link opens an edit again: its image by the model and scales that drew it, its mask and its settings', async () => {
    const { page, problems, close } = await openPage(browser, { viewport: { width: 700, height: 320 } });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${studio.url}/?model=generator&class=Bag&seed=6&scales=1,2,4,6`);
    await page.locator('.viewer').getByRole('link', { name: 'Edit' }).click();
    const board = page.getByRole('application', { name: 'Mask over generator, seed 6' });
    await board.focus();
    for (const key of ['ArrowRight', 'Space', ...Array.from({ length: 5 }, () => 'ArrowDown')]) await page.keyboard.press(key); // prettier-ignore
    await page.getByText(/row 6, column 1, kept; 1 of 36 tokens|row 6, column 2, kept; 1 of 36 tokens/).waitFor();
    const outside = '(() => { const { top, bottom } = document.querySelector(".cursor").getBoundingClientRect(); return Math.max(0, -top, bottom - innerHeight); })()'; // prettier-ignore
    await expect.poll(() => page.evaluate<number>(outside), { timeout: 60_000 }).toBeLessThan(1);
    expect(await page.getByLabel('Model', { exact: true }).inputValue()).toBe('generator');
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.getByText('Copied').waitFor();
    const link = await page.evaluate<string>('navigator.clipboard.readText()');
    const again = await openPage(browser);
    await again.page.goto(link);
    await again.page.getByText('1 of 36 tokens are made anew').waitFor();
    expect(await redraw(again.page)).toMatchObject({ image: { model: 'generator', image: 0 } });
    expect([...problems, ...again.problems]).toEqual([]);
    await again.close();
    await close();
  });

  test('a file is continued beyond its edges, and a part of it drawn as another class', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/edit`);
    await page.locator('input[type=file]').setInputFiles(shirt);
    await page.getByText('Out-paint').click();
    await page.getByRole('button', { name: 'Make it anew' }).click();
    await page.getByText('Give the image room on one side at least.').waitFor();
    await page.getByRole('slider', { name: 'Below' }).fill('8');
    await page.getByLabel('Keep the image’s own pixels').check();
    expect(await redraw(page)).toMatchObject({ margins: { left: 0, right: 0, up: 0, down: 8 }, feather: 2 });
    await page.getByText('Change class').click();
    await page.getByRole('combobox', { name: 'Class' }).fill('coat');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Invert' }).click();
    const { mask, margins } = await redraw(page);
    expect([typeof mask, typeof margins]).toEqual(['string', 'undefined']);
    expect(problems).toEqual([]);
    await close();
  });

  test('axe finds nothing in light and dark, and a phone shows it whole', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await openPage(browser, { colorScheme, viewport: { width: 360, height: 740 } });
      await page.goto(`${studio.url}/edit`);
      await page.getByText('No image to edit yet').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.locator('input[type=file]').setInputFiles(shirt);
      await page.getByRole('application').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await page.getByText('Out-paint').click();
      await page.getByRole('slider', { name: 'Below' }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await close();
    }
  });
});
