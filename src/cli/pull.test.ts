// `scalewise pull …` from arguments to what is printed, against a hub on this machine.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { type Hub, startHub } from '../../test/hub/hubServer.js';
import { run } from './main.js';

const tokenizer = Buffer.from('the tokenizer');
const generator = Buffer.from('the generator');
const files = { 'vae_ch160v4096z32.pth': tokenizer, 'var_d16.pth': generator };
const { out, told } = collectPrinted();
let hub: Hub;

beforeAll(async () => {
  hub = await startHub({ 'FoundationVision/var': { main: { commit: 'a'.repeat(40), files } } });
});
afterAll(() => { hub.close(); }); // prettier-ignore
beforeEach(() => {
  vi.stubEnv('SCALEWISE_CACHE', mkdtempSync(join(tmpdir(), 'scalewise-cli-pull-')));
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HF_HUB_OFFLINE', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs a command; answers its exit code and what it printed. */
async function scalewise(...args: string[]) {
  out.length = told.length = 0;
  process.exitCode = 0;
  await run(['node', 'scalewise', ...args]);
  return { code: process.exitCode, out: [...out], told: told.join('\n') };
}

test('a generator brings its tokenizer; the paths are printed; the list shows them', async () => {
  const { code, out: paths } = await scalewise('pull', 'var-d16');
  expect(code).toBe(0);
  expect(paths.map((path) => readFileSync(path).toString())).toEqual(['the tokenizer', 'the generator']);
  const again = await scalewise('pull', 'var-d16', 'var-tokenizer');
  expect([again.out, again.told]).toEqual([paths, expect.stringMatching(/var_d16\.pth is in the cache already/)]);
  const list = (await scalewise('pull', '--list')).out.join('\n');
  expect(list).toMatch(/^var-d16 +FoundationVision\/var: var_d16\.pth, 0\.0 MB, in the cache: \//m);
  expect(list).toMatch(/^flexvar-d24 +jiaosiyu1999\/FlexVAR: FlexVARd24-epo349\.pth, about 4\.17 GB$/m);
  const machine = JSON.parse((await scalewise('pull', '--json')).out.join('')) as { name: string; cached?: string }[];
  expect(machine.filter(({ cached }) => cached !== undefined).map(({ name }) => name)).toEqual(['var-tokenizer', 'var-d16']); // prettier-ignore
});

test('alone, elsewhere, of a revision', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'scalewise-cli-pull-'));
  const revision = ['--revision', 'a'.repeat(40)];
  const { out: paths } = await scalewise('pull', 'var-d16', '--no-tokenizer', '--cache', elsewhere, ...revision);
  expect(paths).toEqual([expect.stringMatching(new RegExp(`^${elsewhere}/.*/var_d16.pth$`))]);
});

test('what is mistaken ends in a sentence', async () => {
  for (const [args, sentence] of [
    [['var-d17'], /error: 'var-d17' is none of .*; did you mean 'var-d1?6'\?|did you mean/],
    [[], /error: pull: expected the names of files, got none; --list shows them/],
    [['hf:no/body:x.pth'], /error: no\/body: x\.pth: there is no such repository/],
  ] as const) {
    const { code, told: said } = await scalewise('pull', ...args);
    expect([code, said]).toEqual([2, expect.stringMatching(sentence)]);
  }
});

test('Ctrl-C keeps what is there', async () => {
  hub.contentFaults.push((_, response) => {
    response.writeHead(200, { 'content-length': tokenizer.length }).write(tokenizer.subarray(0, 5));
    setTimeout(() => process.emit('SIGINT', 'SIGINT'), 100);
    return true;
  });
  const { code, told: said } = await scalewise('pull', 'var-tokenizer');
  expect([code, said]).toEqual([130, expect.stringMatching(/SIGINT: stopped; the same command goes on from here/)]);
  hub.requests.length = 0;
  expect((await scalewise('pull', 'var-tokenizer')).code).toBe(0);
  expect(hub.requests.at(-1)!.range).toBe('bytes=5-');
});
