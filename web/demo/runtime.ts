// onnxruntime in the browser: on the GPU where there is WebGPU, else as WebAssembly. Only the one that is used is fetched, from beside the page.
import type { InferenceSession, TensorConstructor } from 'onnxruntime-common';
import asyncifyUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';

/** Where a model is computed. */
export type Backend = 'webgpu' | 'wasm';

/** What people call it. */
export const backendNames: Record<Backend, string> = { webgpu: 'WebGPU', wasm: 'WebAssembly' };

/** onnxruntime, ready to open models. */
export interface Runtime {
  backend: Backend;
  Tensor: TensorConstructor;
  /** Opens a model of its file's bytes, and those of its weights where they lie outside, by the name that the model calls them. */
  open(model: Uint8Array, outside?: { path: string; data: Uint8Array }): Promise<InferenceSession>;
}

/** Whether the browser has a GPU for pages; a browser may know WebGPU and have none. */
async function hasGpu(): Promise<boolean> {
  try {
    const { gpu } = navigator as { gpu?: { requestAdapter: () => Promise<unknown> } };
    return Boolean(await gpu?.requestAdapter());
  } catch {
    return false;
  }
}

/** The backend that this browser can have. */
export async function bestBackend(): Promise<Backend> {
  return (await hasGpu()) ? 'webgpu' : 'wasm';
}

/** Fetches onnxruntime for a backend. */
export async function loadRuntime(backend: Backend): Promise<Runtime> {
  const ort = await (backend === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'));
  ort.env.wasm.wasmPaths = { wasm: backend === 'webgpu' ? asyncifyUrl : wasmUrl };
  return {
    backend,
    Tensor: ort.Tensor,
    open: (model, outside) =>
      ort.InferenceSession.create(model, {
        executionProviders: [backend],
        logSeverityLevel: 3, // errors: that shapes are computed on the CPU is no news
        ...(outside && { externalData: [outside] }),
      }),
  };
}
