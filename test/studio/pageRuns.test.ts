// The studio's page in a real browser, on a folder of small trainings, one of which is being written to: Runs.
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { sealed } from '../../src/train/checkpointFiles.js';
import { makeRun, stepName } from '../runFolders.js';
import { chromiumPath, fitsWidth, openPage, type RunningStudio, useBoth, violations } from './browser.js'; // prettier-ignore

const weights = join(import.meta.dirname, '..', '..', 'weights', 'fashion-mnist');
const root = mkdtempSync(join(tmpdir(), 'scalewise-page-runs-'));

/** Records as a generator's training writes them. */
const recordsAt = (images: readonly number[], factor: number) =>
  images.map((imagesSeen, i) => ({ step: imagesSeen / 8, imagesSeen, loss: factor / (i + 1), loss_scale_1: 3, loss_scale_2: 2 / (i + 1), accuracy_scale_1: 0.1, accuracy_scale_2: i / 10, learning_rate: 0.001, gradient_norm: 1, images_per_second: 50 })); // prettier-ignore

/** Puts the weights that come with Scalewise into a checkpoint of a run. */
function addWeights(run: string, imagesSeen: number): void {
  const folder = join(run, 'checkpoints', stepName(imagesSeen));
  mkdirSync(folder);
  const name = 'generator.safetensors';
  copyFileSync(join(weights, 'generator-sar.safetensors'), join(folder, name));
  copyFileSync(join(weights, 'tokenizer.safetensors'), join(run, 'tokenizer.safetensors'));
  const sha256 = createHash('sha256').update(readFileSync(join(folder, name))).digest('hex'); // prettier-ignore
  const files = { [name]: { bytes: statSync(join(folder, name)).size, sha256 } };
  const clock = { step: imagesSeen / 8, imagesSeen, skipped: 0, skippedInRow: 0 };
  writeFileSync(join(folder, 'manifest.json'), sealed({ clock, kept: true, files }));
}

async function makeRuns(): Promise<void> {
  const teacher = makeRun(join(root, 'teacher'), { config: { model: { width: 64 } }, records: recordsAt([8, 16, 24, 32], 4), checkpoints: [24] }); // prettier-ignore
  addWeights(teacher, 64);
  makeRun(join(root, 'sweep', 'sar'), { config: { seed: 2, kind: 'refine', model: { width: 64 } }, records: recordsAt([8, 16, 32], 2) }); // prettier-ignore
  makeRun(join(root, 'codes'), { config: { kind: 'tokenizer' }, records: recordsAt([8], 1), checkpoints: [8] });
  mkdirSync(join(root, 'broken', 'checkpoints'), { recursive: true });
  writeFileSync(join(root, 'broken', 'config.json'), '{"kind": "train",');
  for (const [run, steps] of [['teacher', [1, 2, 4]], ['sweep/sar', [1, 4]]] as const)
    for (const step of steps) {
      const grid = sharp({ create: { width: 60, height: 60, channels: 3, background: { r: 60 * step, g: 90, b: 90 } } });
      await grid.png().toFile(join(root, run, 'samples', `samples-${String(step).padStart(8, '0')}.png`));
    }
} // prettier-ignore

/** How many points a chart has. */
const points = async (page: Page, title: string) => Number(await chart(page, title).getAttribute('data-points'));
const chart = (page: Page, title: string) => page.getByRole('slider', { name: `${title}: images at which it is read` });

/** Opens a run from the list. */
async function openRun(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { name, exact: true }).waitFor();
}

describe.skipIf(chromiumPath === undefined)('Runs', () => {
  let studio: RunningStudio;
  let browser: Browser;
  useBoth(
    (...both) => ([studio, browser] = both),
    async () => {
      await makeRuns();
      return [root];
    },
  );

  test('the list is searched, and two runs of it are compared; what cannot be read is said', async () => {
    const { page, problems, close } = await openPage(browser, { viewport: { width: 1280, height: 900 } });
    await page.goto(`${studio.url}/runs`);
    const row = page.getByRole('row', { name: /teacher/ });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/teacher\s+train flexvar\s+fashion-mnist\s+done\s+32 of 64\s+1\s/);
    await page.getByText('broken/config.json: not JSON; the run is damaged').waitFor();
    const names = () => page.locator('tbody th').allInnerTexts();
    const header = page.getByRole('columnheader', { name: 'Run' });
    await header.getByRole('button').click();
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    expect(await names()).toEqual(['codes', 'sweep/sar', 'teacher']);
    await header.getByRole('button').click();
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect(await names()).toEqual(['teacher', 'sweep/sar', 'codes']);
    const search = page.getByRole('searchbox', { name: 'Find runs' });
    await search.fill('refine fashion');
    await page.getByText('1 of 3 runs').waitFor({ state: 'attached' });
    await search.fill('nothing like it');
    await page.getByText('None of 3 runs has “nothing like it” in it.').waitFor();
    await search.fill('');
    expect(await page.getByRole('button', { name: 'Compare' }).isEnabled()).toBe(false);
    await page.getByRole('checkbox', { name: 'Compare teacher' }).check();
    await page.getByRole('checkbox', { name: 'Compare sweep/sar' }).check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    await page.waitForURL(/\/runs\/[0-9a-f]{16}\?with=[0-9a-f]{16}$/);
    await chart(page, 'Total').or(chart(page, 'Loss')).first().waitFor();

    await page.getByRole('region', { name: 'Settings' }).getByRole('columnheader', { name: 'sweep/sar' }).waitFor();
    await page.getByLabel('Only what differs').check();
    const table = page.getByRole('region', { name: 'Settings' });
    await expect.poll(() => table.locator('tbody tr').allInnerTexts(), { timeout: 60_000 }).toEqual(['kind differs\ttrain\trefine', 'seed differs\t1\t2']); // prettier-ignore
    await page.getByLabel('Only what differs').uncheck();
    await page.getByRole('searchbox', { name: 'Search the settings' }).fill('width');
    expect(await table.locator('tbody tr').allInnerTexts()).toEqual(['model', 'width\t64\t64']);
    expect(problems).toEqual([]);
    await close();
  });

  test('curves grow while the training writes, are read by pointer and by keys, and the address keeps how they are drawn', async () => {
    const { page, problems, close } = await openPage(browser, { viewport: { width: 1280, height: 900 } });
    await page.goto(`${studio.url}/runs`);
    await openRun(page, 'teacher');
    await chart(page, 'Loss').waitFor();
    const titles = await page.locator('.chart h3').allInnerTexts();
    expect(titles).toEqual(['Loss', 'Loss by scale', 'Accuracy by scale', 'Learning rate', 'Gradient norm', 'Throughput (images/s)']); // prettier-ignore
    expect([await points(page, 'Loss'), await points(page, 'Loss by scale')]).toEqual([4, 8]);
    const drawn = `(() => { const { width, height } = document.querySelector('.plot canvas');
      const { data } = document.querySelector('.plot canvas').getContext('2d').getImageData(0, 0, width, height);
      return data.some((one, i) => i % 4 === 3 && one > 0); })()`;
    expect(await page.evaluate<boolean>(drawn)).toBe(true);

    appendFileSync(join(root, 'teacher', 'metrics.jsonl'), recordsAt([40, 48], 1).map((one) => `${JSON.stringify(one)}\n`).join('')); // prettier-ignore
    await expect.poll(() => points(page, 'Loss'), { timeout: 60_000 }).toBe(6);
    await page.getByText('48 of 64').waitFor();

    await chart(page, 'Loss').focus();
    for (const key of ['Home', 'ArrowRight']) await page.keyboard.press(key);
    await expect
      .poll(() => chart(page, 'Loss').getAttribute('aria-valuetext'), { timeout: 60_000 })
      .toBe('16 images, Total 2');
    expect(await chart(page, 'Loss by scale').getAttribute('aria-valuetext')).toBe('16 images, 1 × 1 3, 2 × 2 1');
    await chart(page, 'Loss').blur();
    const { width } = (await chart(page, 'Gradient norm').boundingBox())!;
    for (const x of [60, width - 12]) await chart(page, 'Gradient norm').hover({ position: { x, y: 80 } });
    await expect
      .poll(() => chart(page, 'Loss').getAttribute('aria-valuetext'), { timeout: 60_000 })
      .toBe('48 images, Total 0.5000');

    await page.getByRole('slider', { name: 'Smoothing' }).fill('0.5');
    await page.getByLabel('Logarithmic').check();
    await page.waitForURL(/\?smooth=0.5&log=1$/);
    await page.getByLabel('Compare with another run').selectOption({ label: 'sweep/sar (unfinished)' });
    await page.waitForURL(/\?with=[0-9a-f]{16}&smooth=0.5&log=1$/);
    await page.reload();
    await chart(page, '2 × 2').first().waitFor();
    expect(await page.getByRole('slider', { name: 'Smoothing' }).inputValue()).toBe('0.5');
    await expect.poll(() => points(page, 'Loss'), { timeout: 60_000 }).toBe(9);
    await page.getByText('Newest values as a table').click();
    const newest = page.getByRole('region', { name: 'Newest values' }).getByRole('row', { name: /Accuracy by scale: 2 × 2/ }); // prettier-ignore
    expect(await newest.innerText()).toBe('Accuracy by scale: 2 × 2\t10.0 %\t20.0 %');

    const slider = page.getByRole('slider', { name: 'Step of the samples' });
    expect(await slider.getAttribute('aria-valuetext')).toBe('step 4, 32 images');
    await slider.focus();
    await page.keyboard.press('Home');
    await page.getByRole('img', { name: 'samples of teacher, step 1, 8 images' }).waitFor();
    expect(await page.getByRole('img', { name: 'samples of sweep/sar, step 1, 8 images' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Play' }).click();
    await page.getByRole('img', { name: 'samples of sweep/sar, step 4, 32 images' }).waitFor();
    await page.getByRole('button', { name: 'Do not compare with sweep/sar' }).click();
    await page.waitForURL(/\?smooth=0.5&log=1$/);
    expect(problems).toEqual([]);
    await close();
  });

  test('a checkpoint draws at once; a tokenizer’s does not, and a damaged one says so', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${studio.url}/runs`);
    await openRun(page, 'codes');
    await page.getByText('They are of a tokenizer').waitFor();
    expect(await page.getByRole('button', { name: /^Generate/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'All runs' }).click();
    await openRun(page, 'teacher');
    await page.getByText('kept for good').waitFor();
    await page.getByRole('button', { name: 'Generate from 24 images' }).click();
    await page
      .getByRole('alert')
      .getByText(/generator\.safetensors/)
      .waitFor(); // of zeros: no such file
    await page.getByRole('button', { name: 'Generate from 64 images' }).click();
    await page.waitForURL(/\/\?model=teacher-step-00000008&class=/);
    await page.waitForSelector('.stage[data-state=done]');
    await page.getByRole('article', { name: /^teacher-step-00000008, seed/ }).waitFor();
    await close();
  });

  test('axe finds nothing in light and dark, a phone shows it whole, and where there is nothing it says so', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await openPage(browser, { colorScheme, viewport: { width: 360, height: 740 } });
      await page.route('**/api/runs', (route) => route.fulfill({ json: { runs: [], problems: [] } }), { times: 1 });
      await page.goto(`${studio.url}/runs`);
      await page.getByText('No runs here').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('row', { name: /teacher/ }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await page.getByRole('checkbox', { name: 'Compare teacher' }).check();
      await page.getByRole('checkbox', { name: 'Compare sweep/sar' }).check();
      await page.getByRole('button', { name: 'Compare 2 runs' }).click();
      await chart(page, '2 × 2').first().waitFor();
      await page.getByRole('img', { name: /samples of/ }).first().waitFor(); // prettier-ignore
      await page.getByText('Newest values as a table').click();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await page.goto(`${studio.url}/runs/none`);
      await page.getByText('there is no run "none"').waitFor();
      expect(await violations(page)).toEqual([]);
      await close();
    }
  });
});
