// Opening the exported folder beside the page.
import type { ModelDescription, SamplerDescription } from '../../src/onnx/description.js';
import { type Backend, bestBackend, loadRuntime, type Runtime } from './runtime.js';
import { sampleImage } from './sampler.js';
import type { OpenModel } from './steps.js';

/** A model that is ready, and where it is computed. */
export interface ReadyModel extends OpenModel {
  backend: Backend;
  /** Why it is not the backend that the address asks for. */
  instead?: string;
}

/** Told while files come in: bytes so far, of all. */
export type Progress = (done: number, all: number) => void;

/** A failure that the page tells in words of its own. */
export class LoadError extends Error {}

async function request(url: URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new LoadError(`${url.pathname} could not be fetched. Is the host still there?`);
  }
  if (response.ok) return response;
  throw new LoadError(
    response.status === 404
      ? `There is no ${url.pathname}. Write an export beside this page with “scalewise export --onnx model”.`
      : `${url.pathname} could not be fetched: the host answers ${response.status}.`,
  );
}

/** A file's bytes, told as they come. */
async function bytesOf(url: URL, told: (bytes: number) => void): Promise<Uint8Array> {
  const response = await request(url);
  const parts: Uint8Array[] = [];
  const reader = response.body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    told(part.value.length);
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function describe(folder: URL): Promise<SamplerDescription> {
  const response = await request(new URL('sampler.json', folder));
  const description = (await response.json().catch(() => ({}))) as Partial<SamplerDescription>;
  if (description.format === 'scalewise-onnx' && description.version === 1) return description as SamplerDescription;
  throw new LoadError('sampler.json is not of a version that this page knows. Export the model and build the page with the same Scalewise.'); // prettier-ignore
}

interface Bytes {
  model: Uint8Array;
  outside?: { path: string; data: Uint8Array };
}

async function open(runtime: Runtime, description: SamplerDescription, files: readonly Bytes[]): Promise<ReadyModel> {
  const sessions = [];
  for (const { model, outside } of files) sessions.push(await runtime.open(model, outside)); // one by one: onnxruntime opens no two at once
  const [generator, pyramid, decoder] = sessions as [OpenModel['generator'], OpenModel['pyramid'], OpenModel['decoder']]; // prettier-ignore
  const { backend, Tensor } = runtime;
  const ready = { description, generator, pyramid, decoder, Tensor, backend };
  // prepares kernels, and shows that they all work
  const scales = sampleImage(ready, { label: 0, seed: 0, guidance: 1, greedy: true });
  while (!(await scales.next()).done);
  return ready;
}

/** Opens the model of a folder, on the backend asked for, or the best that works. @throws LoadError */
export async function openModel(folder: URL, asked: Backend | undefined, progress: Progress): Promise<ReadyModel> {
  const description = await describe(folder);
  const { generator, pyramid, decoder } = description;
  const models: ModelDescription[] = [generator, pyramid, decoder];
  const all = models.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const told = (bytes: number) => {
    progress((done += bytes), all);
  };
  const files = await Promise.all(
    models.map(async ({ file, data }): Promise<Bytes> => {
      const model = await bytesOf(new URL(file, folder), told);
      return data === undefined ? { model } : { model, outside: { path: data, data: await bytesOf(new URL(data, folder), told) } }; // prettier-ignore
    }),
  );
  const backend = asked ?? (await bestBackend());
  try {
    return await open(await loadRuntime(backend), description, files);
  } catch (error) {
    if (backend === 'wasm') throw error;
    console.warn('WebGPU failed, going on with WebAssembly:', error);
    const model = await open(await loadRuntime('wasm'), description, files);
    return asked ? { ...model, instead: 'The address asks for WebGPU, which this browser cannot give the model: it runs as WebAssembly, only slower.' } : model; // prettier-ignore
  }
}
