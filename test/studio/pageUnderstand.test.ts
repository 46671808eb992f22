// The studio's page in a real browser, on a real server with the weights that come with Scalewise: Understand. Nothing here needs the data.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { chromiumPath, fitsWidth, openPage, type RunningStudio, useBoth, violations } from './browser.js';

const shirt = join(import.meta.dirname, '..', '..', 'docs', 'images', 'editing', 'shirt.png');
const titles = [
  'The image, scale by scale',
  'Pass 1: teacher forcing',
  'Stagger-scale rollout',
  'Pass 2: student forcing',
  'Where the passes differ',
  'The loss, and where it pulls',
];
const drawn = '/understand?drawn=5&of=8&by=generator-sar&model=generator-sar';

const atStep = (page: Page, step: number) => page.getByRole('heading', { name: titles[step - 1]! }).waitFor();
const asked = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);

describe.skipIf(chromiumPath === undefined)('Understand', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth((...both) => ([studio, browser] = both));

  test('the model draws an image, the keys step through it, and a reload stays where one was', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/understand`);
    await page.getByRole('combobox', { name: 'Class' }).fill('bag');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Seed' }).fill('5');
    await page.getByRole('button', { name: 'Draw it' }).click();
    await atStep(page, 1);
    expect(page.url()).toContain('drawn=5&of=8&by=generator-sar');
    await page.getByText('Bag, drawn by generator-sar from seed 5').waitFor();
    expect(await page.getByRole('button', { name: 'Back' }).isDisabled()).toBe(true);
    await page.locator('main').focus();
    for (let step = 2; step <= titles.length; step++) {
      await page.keyboard.press('ArrowRight');
      await atStep(page, step);
      expect(asked(page, 'step')).toBe(`${step}`);
    }
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.keyboard.press('ArrowLeft');
    await atStep(page, 5);

    const strip = page.getByRole('slider', { name: 'Scale of both passes' });
    await strip.focus();
    await page.keyboard.press('Home'); // within the strip the keys move along the scales
    await page.keyboard.press('ArrowRight');
    await page.getByRole('heading', { name: 'At 2 × 2' }).waitFor();
    expect(await strip.getAttribute('aria-valuetext')).toMatch(/^scale 2 of 5, 2 × 2 tokens; .*KL \(bits\): \d/);
    await page.getByRole('application', { name: 'Tokens at 2 × 2' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByText(/row 1, column 1: pass 1 code \d+, pass 2 code \d+, in the image \d+; KL \d+\.\d+ bits/).waitFor();
    await page.reload();
    await atStep(page, 5);
    await page.getByRole('heading', { name: 'At 2 × 2' }).waitFor();
    await page.goBack(); // the step before this one
    await atStep(page, 6);
    expect(problems).toEqual([]);
    await close();
  }); // prettier-ignore

  test('another model explains the same image, and γ weighs the losses that the server computed', async () => {
    const { page, problems, close } = await openPage(browser);
    const answers: { model: string; losses: { teacherTotal: number; csfTotal: number } }[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/api/explanations')) void response.json().then((one) => answers.push(one as (typeof answers)[0])); // prettier-ignore
    });
    await page.goto(`${studio.url}${drawn}&step=6`);
    const compared = page.getByRole('group', { name: 'Models compared' });
    await compared.waitFor();
    const sum = async () => Number(await page.locator('.sum').getAttribute('data-total'));
    const expected = (model: string, gamma: number) => {
      const { teacherTotal, csfTotal } = answers.find((one) => one.model === model)!.losses;
      return teacherTotal + gamma * csfTotal;
    };
    expect(await sum()).toBeCloseTo(expected('generator-sar', 0.01), 6);
    await page.getByText('γ = 0.01 (the authors’)').waitFor();
    const slider = page.getByRole('slider', { name: 'γ, the weight of L_CSF' });
    await slider.focus();
    await page.keyboard.press('End');
    await page.getByText('γ = 1', { exact: true }).waitFor();
    expect(await sum()).toBeCloseTo(expected('generator-sar', 1), 6);
    expect([asked(page, 'gamma'), asked(page, 'step')]).toEqual(['1', '6']);
    const row = compared.getByRole('row', { name: /^generator / });
    expect(await row.innerText()).toContain(expected('generator', 1).toFixed(3));

    await page.getByText('generator', { exact: true }).first().click();
    await expect.poll(sum, { timeout: 60_000 }).toBeCloseTo(expected('generator', 1), 6);
    expect([asked(page, 'model'), asked(page, 'gamma')]).toEqual(['generator', '1']);
    expect(answers.map(({ model }) => model).sort()).toEqual(['generator', 'generator-sar']); // each was asked once
    expect(problems).toEqual([]);
    await close();
  });

  test('a file is explained and found after a reload, a drawn image too; a broken one is told of', async () => {
    const { page, problems, close } = await openPage(browser);
    await page.goto(`${studio.url}/understand`);
    const broken = join(mkdtempSync(join(tmpdir(), 'scalewise-page-')), 'broken.png');
    writeFileSync(broken, 'no picture');
    await page.locator('input[type=file]').setInputFiles(broken);
    await page.getByText('broken.png is not an image that the browser reads').waitFor();
    await page.locator('input[type=file]').setInputFiles(shirt);
    await atStep(page, 1);
    await page.getByText('shirt.png').waitFor();
    expect(await page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('No class');
    await page.getByRole('combobox', { name: 'Class' }).fill('shirt');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(page, 'class')).toBe('6');
    await page.getByText('Most probable', { exact: true }).click();
    await expect.poll(() => asked(page, 'tokens')).toBe('probable');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('The tokens shown are the most probable ones.').waitFor();
    await page.reload();
    await page.getByText('The tokens shown are the most probable ones.').waitFor();
    await page.getByText('shirt.png').waitFor();

    const here = page.url();
    await page.goto(`${studio.url}/?class=Bag&seed=3`);
    await page.locator('.viewer').getByRole('button', { name: 'Understand' }).click();
    await page.getByText('generator-sar, seed 3').waitFor();
    await atStep(page, 1);
    expect([asked(page, 'model'), asked(page, 'class')]).toEqual(['generator-sar', '8']);
    await page.goto(here); // the picture before it is kept too
    await page.getByText('shirt.png').waitFor();

    const elsewhere = await openPage(browser);
    await elsewhere.page.goto(here);
    await elsewhere.page.getByText('kept in another tab: choose it again').waitFor();
    expect([...problems, ...elsewhere.problems]).toEqual([]);
    await elsewhere.close();
    await close();
  });

  test.each(['light', 'dark'] as const)('axe finds nothing at any step, and a phone shows it whole: %s', async (colorScheme) => {
    const { page, problems, close } = await openPage(browser, { colorScheme, viewport: { width: 360, height: 740 } });
    await page.goto(`${studio.url}/understand`);
    await page.getByRole('button', { name: 'Draw it' }).waitFor();
    await page.locator('.chooser .notice').waitFor({ state: 'detached' }); // the held-out images, or why there are none
    expect(await violations(page)).toEqual([]);
    expect(await fitsWidth(page)).toBe(true);
    await page.goto(`${studio.url}${drawn}&step=1`);
    for (let step = 1; step <= titles.length; step++) {
      await atStep(page, step);
      expect([step, await violations(page)]).toEqual([step, []]);
      expect([step, await fitsWidth(page)]).toEqual([step, true]);
      if (step < titles.length) await page.getByRole('button', { name: 'Next' }).click();
    }
    expect(problems).toEqual([]);
    await close();
  }); // prettier-ignore
});
