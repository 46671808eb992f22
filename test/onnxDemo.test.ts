// The demo page in Debian's Chromium, served from below some path as a static host would: it draws, and takes the library's tokens in greedy mode.
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../src/onnx/index.js';
import { loadModels, type Models } from '../src/recipes/index.js';
import { sample } from '../src/sampling/index.js';
import { chromiumPath, fitsWidth, openPage, startBrowser, violations } from './studio/browser.js';

const built = join(import.meta.dirname, '..', 'dist', 'demo');

describe.skipIf(chromiumPath === undefined)('the demo page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-demo-'));
  let models: Models;
  let server: FastifyInstance;
  let browser: Browser;
  let address: string;

  beforeAll(async () => {
    if (!existsSync(join(built, 'index.html'))) throw new Error(`${built}: build the page first, with npm run build`);
    models = loadModels('weights/fashion-mnist/generator-sar.safetensors', undefined);
    const { scales, classes, data } = models.card;
    exportOnnx(
      join(folder, 'model'),
      { ...models, scales, classes, name: 'shipped', trainedOn: data },
      { version: '0' },
    );
    server = fastify();
    await server.register(fastifyStatic, { root: [folder, built], prefix: '/some/where/' });
    address = `${await server.listen({ host: '127.0.0.1', port: 0 })}/some/where/`;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the page, in a window of its own. */
  async function open(query: string, options: BrowserContextOptions = { viewport: { width: 1180, height: 860 } }) {
    const { page, problems: errors, close } = await openPage(browser, options);
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await page.goto(address + query);
    return { page, errors, hosts, close };
  }

  /** The tokens of all scales, once the last one is drawn. */
  async function tokensOf(page: Page): Promise<number[][]> {
    await page.getByText(/^Scale 5 of 5/).waitFor();
    const all = await page.locator('canvas[data-tokens]').evaluateAll((found) => found.map((one) => (one as unknown as { dataset: { tokens: string } }).dataset.tokens)); // prettier-ignore
    return all.map((text) => text.split(' ').map(Number));
  }

  function libraryTokens(label: number, scale: number): number[][] {
    const { generator, tokenizer, card } = models;
    const settings = { scales: card.scales, greedyScales: card.scales, guidance: { shape: 'ramp', scale } } as const;
    const records = sample(generator, tokenizer, { labels: [label], seeds: [1], ...settings });
    return Array.from(records, ({ indices_BN }) => indices_BN.toArray());
  }

  test("greedy mode takes the library's tokens, of two classes, one without guidance", async () => {
    const { page, errors, hosts, close } = await open('?class=Trouser&greedy=1');
    expect(await tokensOf(page)).toEqual(libraryTokens(1, 2));
    await page.getByRole('slider', { name: 'Guidance' }).fill('0');
    await page.getByRole('button', { name: 'Bag' }).click();
    await page.getByRole('heading', { name: 'Bag' }).waitFor();
    expect(await tokensOf(page)).toEqual(libraryTokens(8, 0));
    expect(new URL(page.url()).search).toBe('?class=Bag&seed=1&guidance=0&greedy=1');
    expect(errors).toEqual([]);
    expect([...hosts]).toEqual([new URL(address).host]);
    await close();
  });

  test('a seed gives its image again, another one another image, and a scale can be looked at', async () => {
    const { page, errors, close } = await open('?class=Sneaker&seed=3');
    const first = await tokensOf(page);
    await page.getByLabel('Seed').fill('4');
    expect(await tokensOf(page)).not.toEqual(first);
    await page.getByLabel('Seed').fill('3');
    expect(await tokensOf(page)).toEqual(first);
    await page.getByRole('button', { name: '2 × 2' }).click();
    await page.getByText('Scale 2 of 5: 2 × 2 tokens').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save PNG' }).click()]); // prettier-ignore
    expect(file.suggestedFilename()).toBe('Sneaker-3.png');
    expect(errors).toEqual([]);
    const picture = process.env['SCALEWISE_SCREENSHOTS'];
    if (picture) await page.screenshot({ path: join(picture, 'demo.png') });
    await close();
  });

  test('a missing model is told in words', async () => {
    const { page, close } = await open('');
    await page.route('**/sampler.json', (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.getByText('Write an export beside this page with “scalewise export --onnx model”').waitFor();
    await close();
  });

  test('axe finds nothing in light and dark, a phone shows it whole, and a backend that cannot be had is told of', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await open('?class=Bag&backend=webgpu', { colorScheme, viewport: { width: 360, height: 740 } }); // prettier-ignore
      await tokensOf(page);
      await page.getByText('it runs as WebAssembly, only slower').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      await close();
    }
  });
});
