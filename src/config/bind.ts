// `bind`: the address the gateway listens on, and what must be said before other machines may reach it.

import { isIP } from 'node:net';
import { z } from 'zod';
import type { Finding } from './problem.ts';

/** A literal address: a name could be made to mean something else. */
export const bindSchema = z
  .string()
  .refine(
    (text) => isIP(text) !== 0,
    'is not an IP address like "127.0.0.1", "0.0.0.0" (every IPv4 address of this machine) or "::" (every address)',
  );

/** Whether only this machine reaches a socket that is bound to `address`. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/**
 * Said of the value as written. Beyond this machine nobody knows Homer by a name it answers to, unless `hosts` has one;
 * naming it is also how the owner says that this is meant.
 */
export function findBindProblems(written: unknown): Finding[] {
  if (typeof written !== 'object' || written === null) return [];
  const { bind, hosts } = written as { readonly bind?: unknown; readonly hosts?: unknown };
  if (typeof bind !== 'string' || isIP(bind) === 0 || isLoopback(bind)) return [];
  if (Array.isArray(hosts) && hosts.length > 0) return [];
  const message =
    'lets other machines in, which needs `hosts` too: the names by which they call this one, like [homer.example.net]';
  return [{ path: ['bind'], at: 'value', message }];
}
