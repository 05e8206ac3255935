// The cookie of a browser that was logged in. It counts only where the browser itself says that the request is of our own page,
// or of nobody's but the person's.

import type { IncomingMessage } from 'node:http';
import { HomerError } from '../core/errors.ts';
import { asksForSocket } from './guards.ts';

/** Cookies know no ports: two Homers on one machine must not overwrite each other's. */
export function cookieName(port: number): string {
  return `homer-${port}`;
}

/** `lifeMs`: how long it is good from now. */
export function formatCookie(port: number, text: string, lifeMs: number, isSecure: boolean): string {
  const seconds = Math.max(0, Math.floor(lifeMs / 1000));
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName(port)}=${text}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure}`;
}

/** null: it came without; also when it came twice, since one of the two is then somebody else's. */
export function readCookie(request: IncomingMessage, port: number): string | null {
  const prefix = `${cookieName(port)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each.startsWith(prefix));
  return found.length === 1 ? (found[0]?.slice(prefix.length) ?? null) : null;
}

/**
 * HOMER_ORIGIN_REFUSED unless the browser says that our own page asks, or that the person went there (`none`, and only to
 * look). Without `Sec-Fetch-Site` nothing is known. Not every browser sends it with a WebSocket, but all send the Origin,
 * which then has to be that of the very name that was asked.
 */
export function checkCookieUse(request: IncomingMessage): void {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, origin, host } = request.headers;
  const isOurPage = asksForSocket(request)
    ? (site ?? 'same-origin') === 'same-origin' && isSameHost(origin, host)
    : site === 'same-origin' || (site === 'none' && request.method === 'GET' && mode === 'navigate');
  if (isOurPage) return;
  throw new HomerError('HOMER_ORIGIN_REFUSED', 'A cookie counts only for what our own page asks for.', {
    hint: 'Programs send `Authorization: Bearer`. A browser must reach Homer under 127.0.0.1, localhost or https.',
  });
}

const isSameHost = (origin: string | undefined, host: string | undefined): boolean =>
  host !== undefined && /^https?:\/\/(.+)$/i.exec(origin ?? '')?.[1]?.toLowerCase() === host.toLowerCase();
