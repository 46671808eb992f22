// Where set-up takes libtorch from, from a bare state and from damaged ones.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BareProject, put, putLibtorch } from './bareProject.js';

let clone: BareProject;
beforeEach(() => {
  clone = new BareProject();
});
afterEach(() => {
  clone.remove();
});

const installs = (calls: string[]) => calls.filter((call) => /^(apt-get|python3 -m pip install)/.test(call));

test('LIBTORCH comes first', () => {
  const folder = join(clone.base, 'my libtorch');
  putLibtorch(folder, '2.4.1');
  const { code, calls } = clone.run([], { systemTorch: '2.6.0', env: { LIBTORCH: folder } });
  expect(code).toBe(0);
  expect(clone.record()).toMatchObject({ source: 'environment', root: folder, version: '2.4.1' });
  expect(installs(calls)).toEqual([]);
});

test("python3's PyTorch comes second, unless it is older than 2.1", () => {
  expect(clone.run([], { systemTorch: '2.1.0', pip: 'cpu' }).code).toBe(0);
  expect(clone.record()).toMatchObject({ source: 'system', version: '2.1.0' });
  rmSync(join(clone.path, 'build'), { recursive: true });
  const { out } = clone.run([], { systemTorch: '2.0.1', pip: 'cpu' });
  expect(out).toContain("not this way: system: python3's PyTorch is 2.0.1, older than 2.1");
  expect(clone.record()).toMatchObject({ source: 'wheel', version: '2.13.0' });
});

test('the wheel comes third: announced, fetched with short time-outs, loaded once', () => {
  const { code, out, calls } = clone.run([], { pip: 'cpu' });
  expect(code).toBe(0);
  expect(out.indexOf('fetching torch 2.13.0')).toBeGreaterThan(0);
  expect(installs(calls)).toEqual([
    expect.stringMatching(/--no-deps .*--timeout 15 --retries 1 --extra-index-url \S+ torch==2.13.0$/),
  ]);
  expect(calls.filter((call) => call === 'probe')).toHaveLength(1);
  expect(clone.record()).toMatchObject({ source: 'wheel', root: join(clone.path, '.libtorch/torch-2.13.0/torch') });
});

test("a CUDA wheel gets NVIDIA's two libraries and nothing else", () => {
  const { calls } = clone.run([], { pip: 'cuda' });
  expect(installs(calls).at(-1)).toMatch(/ nvidia-cuda-runtime==13\.\* nvidia-cuda-cupti==13\.\*$/);
  expect(installs(calls)).toHaveLength(2);
});

test('Debian comes last, where pip finds nothing', () => {
  const { code, out, calls } = clone.run([], { root: true, apt: true });
  expect(code).toBe(0);
  expect(out).toContain('not this way: wheel: pip could not install torch==2.13.0 (No matching distribution found)');
  expect(installs(calls).at(-1)).toBe(
    'apt-get install -y -qq --no-install-recommends libtorch-dev libopenblas0-pthread',
  );
  expect(clone.record()).toMatchObject({ source: 'apt', version: '1.13.0' });
});

test('what does not load is not accepted: the next route is tried', () => {
  const { code, out } = clone.run([], {
    root: true,
    apt: true,
    systemTorch: '2.5.0',
    pip: 'cpu',
    broken: ['system', 'wheel'],
  });
  expect(code).toBe(0);
  expect(out).toContain('not this way: wheel: the addon does not load: Error: libmissing.so.1');
  expect(clone.record().source).toBe('apt');
});

test('no way at all is one error that names every reason', () => {
  const { code, err } = clone.run([]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^set-up: no libtorch could be had:\n- environment: .*\n- system: .*\n- wheel: .*network.*\n- apt: .*as root/,
  );
  expect(existsSync(join(clone.path, 'build/libtorch.json'))).toBe(false);
});

test('an explicit choice tries nothing else', () => {
  const { code, err } = clone.run(['--libtorch', 'wheel'], { root: true, apt: true });
  expect(code).toBe(2);
  expect(err).toMatch(/^set-up: no libtorch could be had:\n- wheel: .*\n$/);
  expect(clone.run(['--libtorch', 'apt'], { root: true, apt: true, pip: 'cpu' }).code).toBe(0);
  expect(clone.record().source).toBe('apt');
});

test('a second run does nothing, and auto keeps to what is in use', () => {
  clone.run(['--libtorch', 'apt'], { root: true, apt: true });
  expect(clone.run([], { pip: 'cpu', systemTorch: '2.6.0' }).calls).toEqual(['probe']);
  put(join(clone.path, 'native/addon.cc'), '// changed');
  const { calls } = clone.run([], { pip: 'cpu', systemTorch: '2.6.0' });
  expect(installs(calls)).toEqual([]);
  expect(calls.some((call) => call.startsWith('cmake --build'))).toBe(true);
  expect(clone.record().source).toBe('apt');
});

test('another choice, another LIBTORCH and a folder are taken up', () => {
  const [a, b] = ['a', 'b'].map((name) => join(clone.base, name)) as [string, string];
  putLibtorch(a, '2.4.0');
  putLibtorch(b, '2.4.0');
  for (const root of [a, b]) {
    clone.run([], { env: { LIBTORCH: root } });
    expect(clone.record().root).toBe(root);
  }
  clone.run(['--libtorch', a]);
  expect(clone.record()).toMatchObject({ source: 'path', root: a });
  clone.run(['--libtorch', 'system'], { systemTorch: '2.6.0' });
  expect(clone.record().source).toBe('system');
});

test('a damaged or interrupted wheel is fetched again', () => {
  put(join(clone.path, '.libtorch/torch-2.13.0.part/torch/lib/libtorch_cpu.so'), 'cut sho');
  clone.run([], { pip: 'cpu' });
  const library = join(clone.path, '.libtorch/torch-2.13.0/torch/lib/libtorch_cpu.so');
  writeFileSync(library, 'cut');
  const { code, out, calls } = clone.run([], { pip: 'cpu' });
  expect(code).toBe(0);
  expect(out).toContain('libtorch_cpu.so) and is fetched again');
  expect(installs(calls)).toHaveLength(1);
  expect(readFileSync(library, 'utf8')).toBe('2.13.0');
  expect(existsSync(join(clone.path, '.libtorch/torch-2.13.0.part'))).toBe(false);
});

test('a clone that was moved is built anew', () => {
  clone.run([], { pip: 'cpu' });
  const moved = join(clone.base, 'moved clone');
  renameSync(clone.path, moved);
  clone.path = moved;
  const { code, calls } = clone.run([]);
  expect(code).toBe(0);
  expect(installs(calls)).toEqual([]);
  expect(clone.record().root).toBe(join(moved, '.libtorch/torch-2.13.0/torch'));
});

test('the plain reference BLAS is replaced on Debian and warned of elsewhere', () => {
  const debian = clone.run(['--libtorch', 'apt'], { root: true, apt: true, blas: 'reference BLAS' });
  expect(debian.calls).toContain('apt-get install -y -qq --no-install-recommends libopenblas0-pthread');
  const system = clone.run(['--libtorch', 'system'], { systemTorch: '2.6.0', blas: 'reference BLAS' });
  expect(system.out).toContain('WARNING: the plain reference BLAS is 20 to 50 times slower');
});

test('a record that is no JSON is made anew', () => {
  put(join(clone.path, 'build/libtorch.json'), '{ "source": ');
  expect(clone.run([], { systemTorch: '2.6.0' }).code).toBe(0);
  expect(clone.record().source).toBe('system');
});

test('a build that no longer loads is made anew by npm run setup', () => {
  clone.run([], { systemTorch: '2.6.0' });
  const { code, out } = clone.run([], { systemTorch: '2.6.0', pip: 'cpu', broken: ['system'] });
  expect(code).toBe(0);
  expect(out).toContain('libmissing.so.1');
  expect(clone.record().source).toBe('wheel');
});
