// Who may ask: the header `Host` against DNS rebinding, `Origin` against other sites' pages, the token where one is set.
import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { StudioError } from '../errors.js';
import type { StudioOptions } from './options.js';
import type { StudioServer } from './studio.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Told to anyone, without a token. */
    open?: boolean;
  }
}

/** The cookie that stands for the header `Authorization` in browsers. */
export const tokenCookie = 'scalewise-token';

/** Whether an address can be reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Whether two texts are equal, in a time that does not tell where they differ. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Name in a `Host` or an origin, without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1').toLowerCase(); // prettier-ignore
}

/** The token that a request carries. */
function tokenOf({ headers }: FastifyRequest): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  const cookies = (headers.cookie ?? '').split(';').map((one) => one.trim());
  const found = cookies.find((one) => one.startsWith(`${tokenCookie}=`))?.slice(tokenCookie.length + 1);
  try {
    return found === undefined ? undefined : decodeURIComponent(found);
  } catch {
    return undefined;
  }
}

/** Whether a request carries the token. */
export function hasToken(request: FastifyRequest, token: string): boolean {
  const given = tokenOf(request);
  return given !== undefined && sameText(given, token);
}

/** Whether a request comes from a page of the studio, or of an origin that was named, or from no page at all. */
function isWelcome(request: FastifyRequest, { cors }: StudioOptions): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (cors.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Checks every request, whether there is a route for it or not. */
export function guard(app: StudioServer, options: StudioOptions): void {
  const { token, host, names } = options;
  const known = new Set(['localhost', host.toLowerCase(), ...names.map((name) => name.toLowerCase())]);
  const refusal = (request: FastifyRequest): StudioError | undefined => {
    const name = nameOf(request.headers.host ?? '');
    if (!known.has(name) && !isIP(name))
      return new StudioError('permission_error', `host: ${JSON.stringify(name.slice(0, 100))} is no name of this server; open it by its address, or allow the name with --name`, { code: 'unknown_host' }); // prettier-ignore
    if (!isWelcome(request, options))
      return new StudioError('permission_error', 'origin: pages of other sites may not call this server; allow one with --cors', { code: 'unknown_origin' }); // prettier-ignore
    if (token === undefined || request.routeOptions.config.open || hasToken(request, token)) return undefined;
    return new StudioError('authentication_error', 'token: expected the header `Authorization: Bearer …` with the token that the server was started with', { code: 'invalid_api_key' }); // prettier-ignore
  };
  app.addHook('onRequest', (request, _reply, done) => {
    done(refusal(request));
  });
}
