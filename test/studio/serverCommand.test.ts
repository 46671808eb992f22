// `scalewise studio` as a user starts it: what it refuses, how it begins and how it ends.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { bin, scalewise, temporary } from '../cli/run.js';

test('what cannot be opened is refused in a sentence', () => {
  const refused = (...flags: string[]) => {
    const { code, err } = scalewise(['studio', ...flags]);
    expect([flags, code]).toEqual([flags, 2]);
    return err;
  };
  expect(refused('--host', '0.0.0.0')).toBe('error: --host: 0.0.0.0 can be reached by others; give a --token, without which they are refused\n'); // prettier-ignore
  expect(refused('--token', 'short')).toMatch(/^error: --token: expected 16 to 200 printable characters/);
  expect(refused('--cors', 'example.org')).toMatch(/^error: --cors: expected an origin such as https:\/\/example\.org/);
  expect(refused('--job-time', '3e6')).toBe(
    'error: --job-time: expected more than 0 and at most 2147483 seconds, got 3e6\n',
  );
  expect(refused('--port', '99999')).toBe('error: --port: expected at most 65535, got 99999\n');
  expect(refused('--wait-time', '0')).toMatch(/^error: --wait-time: expected more than 0/);
  expect(refused('--max-images', '65')).toBe(
    'error: --max-images: expected at most 64, 16 for each of 4 models, got 65\n',
  );
  expect(refused('package.json', '-g', 'x')).toMatch(/^error: studio: expected a folder of runs beside --generator, found the file package\.json/); // prettier-ignore
  expect(refused('nowhere')).toBe('error: studio: there is no file or folder nowhere\n');
});

test('a model that is none is refused, and the program ends', () => {
  const { code, err } = scalewise(['studio', '--port', '0', '--generator', 'nowhere', '--threads', '1']);
  expect([code, err]).toEqual([2, 'error: generator: there is no file or folder nowhere\n']);
});

test('a device that is none is refused, and the program ends', () => {
  const { code, err } = scalewise(['studio', '--port', '0', '--device', 'tpu', '--threads', '1']);
  expect([code, err]).toEqual([2, "error: device: expected cpu, cuda or cuda:N, got 'tpu'\n"]);
});

test('a port that is taken is refused', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as { port: number };
  const { code, err } = scalewise(['studio', '--port', String(port)]);
  expect([code, err]).toEqual([2, `error: --port: 127.0.0.1:${port}: another program listens there; choose another --port, or 0 for a free one\n`]); // prettier-ignore
  other.close();
});

test('it says where it is, answers there, and ends with its workers when it is told to', async () => {
  const child = spawn(process.execPath, [bin, 'studio', temporary(), '--port', '0', '--threads', '1'], { stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
  const said = await new Promise<string>((done) => child.stdout.once('data', (text: Buffer) => { done(text.toString()); })); // prettier-ignore
  const [, url] = /^studio: (http:\/\/127\.0\.0\.1:\d+\/) \(Ctrl-C ends it\)\n$/.exec(said)!;
  expect(await (await fetch(`${url}healthz`)).json()).toEqual({ status: 'ok' });
  const models = (await (await fetch(`${url}v1/models`)).json()) as { data: { id: string }[] };
  expect(models.data.map(({ id }) => id)).toEqual(['generator-sar', 'generator']);
  const ended = new Promise((done) => child.once('close', (code) => { done(code); })); // prettier-ignore
  child.kill('SIGTERM');
  expect(await ended).toBe(0); // `close` comes when no worker holds its output open any more
  await expect(fetch(`${url}healthz`)).rejects.toThrow();
});
