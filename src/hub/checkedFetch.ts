// What the hub's refusals mean, as sentences.
import { UsageError } from '../util/errors.js';
import { PassingFault, retryAfter } from '../util/patience.js';

const refusals: Record<string, string> = {
  EntryNotFound: 'there is no such file in the repository; see its name, and --revision',
  RevisionNotFound: 'the repository has no such revision; see --revision',
  RepoNotFound: 'there is no such repository, or it is private: see its name, and HF_TOKEN',
  GatedRepo: 'its authors ask for your consent to their terms: give it on its page, and a token of yours in HF_TOKEN',
};

/** The sentence of a status that no waiting mends. */
function refusal(response: Response): string {
  const { status, headers } = response;
  const known = refusals[headers.get('x-error-code') ?? ''];
  if (known !== undefined) return known;
  if (status === 401) return 'the hub wants to know who asks: set HF_TOKEN to a valid token of yours';
  if (status === 403) return 'the hub does not let you fetch it: see the rights of your token (HF_TOKEN)';
  if (status === 404) return 'the hub has no such repository or file; see the name, --revision and HF_ENDPOINT';
  return `the hub answered with the status ${status}; see HF_ENDPOINT`;
}

/**
 * Fetches; answers only what went well.
 * @param origin of the hub: elsewhere (behind a redirection) a refusal means a link that ran out, and passes.
 * @throws PassingFault or UsageError; fetch's own TypeError where the connection fails, which `patiently` knows
 */
export async function checkedFetch(
  what: string,
  origin: string,
  ...request: Parameters<typeof fetch>
): Promise<Response> {
  const response = await fetch(...request);
  if (response.ok) return response;
  await response.body?.cancel().catch(() => undefined); // of a cut connection nothing is left to cancel
  const { status } = response;
  if (status === 429) throw new PassingFault('the hub is asked too often (status 429)', retryAfter(response));
  const passes = status >= 500 || status === 408 || new URL(response.url).origin !== origin;
  if (passes) throw new PassingFault(`the server answered with the status ${status}`, retryAfter(response));
  throw new UsageError(`${what}: ${refusal(response)}`);
}
