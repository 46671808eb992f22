// Requests to the studio's server: JSON in and out, errors as one class.
import type { ErrorAnswer, ErrorType, Explanation, ExplanationInput, Generation, GenerationAccepted, GenerationInput, HeldOutImages, ImagesAnswer, ModelList, Session } from '../../src/studio/api/index.js'; // prettier-ignore

/** An answer of the server that is an error; status 0 where there was no answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly type: ErrorType | 'unreachable',
    readonly param: string | null = null,
  ) {
    super(message);
  }
}

/** The sentence of an error for where the part of the request that it names is seen: at a field, or beside the button. */
export function sentenceAt({ message, param }: ApiError): string {
  const part = param ?? 'refinements';
  const text = message.startsWith(`${part}: `) ? message.slice(part.length + 2) : message;
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorAnswer;
    return new ApiError(error.message, response.status, error.type, error.param);
  } catch {
    return new ApiError(`The server answered ${response.status} ${response.statusText}.`, response.status, 'server_error'); // prettier-ignore
  }
}

/** Asks the server; the answer's JSON. @throws ApiError */
export async function request<T>(path: string, { body, ...init }: Omit<RequestInit, 'body'> & { body?: unknown } = {}) {
  const settled: RequestInit =
    body === undefined
      ? init
      : { method: 'POST', ...init, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, settled).catch((error: unknown) => {
    if (error instanceof DOMException) throw error; // given up by the page itself
    throw new ApiError('The studio’s server does not answer. Is `scalewise studio` still running?', 0, 'unreachable');
  });
  if (!response.ok) throw await errorOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const getModels = (signal?: AbortSignal) => request<ModelList>('/v1/models', { signal: signal ?? null });
export const startGeneration = (wanted: GenerationInput) =>
  request<GenerationAccepted>('/api/generations', { body: wanted });
export const getGeneration = (id: string) => request<Generation>(`/api/generations/${id}`);
export const explain = (wanted: ExplanationInput) => request<Explanation>('/api/explanations', { body: wanted });
export const getHeldOutImages = (model: string) => request<HeldOutImages>(`/api/explanations/images?model=${model}`);
export const drawImage = (body: object) => request<ImagesAnswer>('/v1/images/generations', { body });
export const cancelGeneration = (id: string) => request<unknown>(`/api/generations/${id}`, { method: 'DELETE' });

/** Begins a session: a cookie that goes with every request from here on, pictures and events among them. @throws ApiError */
export const signIn = (token: string) =>
  request<Session>('/api/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } });

/** Takes `#token=…` out of the address, and signs in with it. */
export async function takeToken(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  await signIn(token).catch(() => undefined); // the page's own requests are refused then, and it asks for the token
}
