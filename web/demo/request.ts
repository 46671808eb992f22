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

/** A class as addresses say it: its name where that is one class's alone and no number, else its number. */
function nameOf(label: number, classes: readonly string[]): string {
  const name = classes[label]!;
  return classes.indexOf(name) === classes.lastIndexOf(name) && !/^\d+$/.test(name) ? name : String(label);
}

function labelOf(name: string, classes: readonly string[]): number {
  const label = /^\d+$/.test(name) ? Number(name) : classes.indexOf(name);
  return label >= 0 && label < classes.length ? label : 0;
}

/** What an address asks for; what it leaves out or gets wrong is as usual. */
export function requestFrom(query: URLSearchParams, { classes }: SamplerDescription): SampleRequest {
  return {
    label: labelOf(query.get('class') ?? '', classes),
    seed: Math.floor(numberFrom(query.get('seed'), 1, seeds - 1)),
    guidance: numberFrom(query.get('guidance'), 2, mostGuidance),
    greedy: query.get('greedy') === '1',
  };
}

/** The address's query for a request, the backend kept that was asked for. */
export function queryOf(request: SampleRequest, { classes }: SamplerDescription, backend?: Backend): string {
  const query = new URLSearchParams({
    class: nameOf(request.label, classes),
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
