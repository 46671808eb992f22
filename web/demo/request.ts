// What is asked for, as the page's address keeps it: a link shows the same image again.
import type { SamplerDescription } from '../../src/onnx/description.js';
import type { Backend } from './runtime.js';
import type { SampleRequest } from './sampler.js';

/** Largest guidance that the page offers. */
export const mostGuidance = 5;

/** Seeds are whole numbers below this. */
export const seeds = 2 ** 32;

function numberFrom(text: string | null, otherwise: number, most: number): number {
  const value = text === null ? NaN : Number(text);
  return value >= 0 && value <= most ? value : otherwise;
}

/** What an address asks for; what it leaves out or gets wrong is as usual. */
export function requestFrom(query: URLSearchParams, { classes }: SamplerDescription): SampleRequest {
  const name = query.get('class');
  const label = classes.findIndex((one) => one === name);
  return {
    label: Math.max(label, 0),
    seed: Math.floor(numberFrom(query.get('seed'), 1, seeds - 1)),
    guidance: numberFrom(query.get('guidance'), 2, mostGuidance),
    greedy: query.get('greedy') === '1',
  };
}

/** The address's query for a request, the backend kept that was asked for. */
export function queryOf(request: SampleRequest, { classes }: SamplerDescription, backend?: Backend): string {
  const query = new URLSearchParams({
    class: classes[request.label]!,
    seed: String(request.seed),
    guidance: String(request.guidance),
  });
  if (request.greedy) query.set('greedy', '1');
  if (backend) query.set('backend', backend);
  return `?${query.toString()}`;
}

/** The backend that an address insists on. */
export function backendFrom(query: URLSearchParams): Backend | undefined {
  const asked = query.get('backend');
  return asked === 'wasm' || asked === 'webgpu' ? asked : undefined;
}
