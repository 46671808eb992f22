// Reading launchers' variables: whole numbers and addresses, each mistake a sentence.
import { UsageError } from '../util/errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The whole number that a variable or flag holds; undefined where it is absent or empty. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (!/^\d{1,9}$/.test(text.trim())) throw new UsageError(`${name}: expected a whole number, found '${text}'`);
  return Number(text);
}

/** Reads whole numbers out of an environment by name. */
export const numbersOf = (env: Environment) => (name: string) => wholeNumber(name, env[name]);

export interface Address {
  host: string;
  port: number;
}

/** The port that a variable or flag holds. */
export function portNumber(name: string, text: string | undefined): number | undefined {
  const port = wholeNumber(name, text);
  if (port !== undefined && (port < 1 || port > 65535))
    throw new UsageError(`${name}: expected a port from 1 to 65535, found ${port}`);
  return port;
}

/** `host:port`, `[2001:db8::1]:port`. */
export function parseAddress(name: string, text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d+)$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new UsageError(`${name}: expected host:port, e.g. 10.0.0.1:29500, found '${text}'`);
  return { host, port: portNumber(name, port)! };
}

/** MASTER_ADDR and MASTER_PORT as far as they are set. */
export function masterOf(env: Environment): Partial<Address> {
  const host = env['MASTER_ADDR']?.trim() || undefined;
  const port = portNumber('MASTER_PORT', env['MASTER_PORT']);
  return { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

/** A port that all who know the same number agree on, below those that the kernel hands out. */
export const portFor = (id: number) => 10_000 + (id % 20_000);

/** Whether an address can only mean this machine. */
export const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** RANK and WORLD_SIZE of a job script are superfluous here, and must not say something else. */
export function agrees(env: Environment, source: string, rank: number, size: number): void {
  const number = numbersOf(env);
  for (const [name, value] of [['RANK', rank], ['WORLD_SIZE', size]] as const) // prettier-ignore
    if ((number(name) ?? value) !== value)
      throw new UsageError(`${name} is ${env[name]} and ${source} says ${value}: unset ${name}, or set all of torchrun's variables`); // prettier-ignore
}
