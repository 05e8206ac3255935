// The guards that need only the head of a request. Each throws a HomerError or returns; gateway.ts has their order.

import type { IncomingMessage } from 'node:http';
import { HomerError } from '../core/errors.ts';
import { pathOf } from './request-log.ts';

/** The names under which Homer answers, each with its port: `127.0.0.1:4663`. */
export interface Names {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** `configured` are further names from config.yaml, with or without a port. Lower case. */
export function namesOf(port: number, configured: readonly string[]): Names {
  const hosts = new Set<string>();
  const origins = new Set<string>();
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    hosts.add(`${name}:${port}`);
    origins.add(`http://${name}:${port}`);
    // Browsers and clients leave the default port out.
    if (port === 80) {
      hosts.add(name);
      origins.add(`http://${name}`);
    }
  }
  for (const name of configured) {
    for (const host of name.includes(':') ? [name] : [name, `${name}:${port}`]) {
      hosts.add(host);
      origins.add(`http://${host}`);
      origins.add(`https://${host}`);
    }
  }
  return { hosts, origins };
}

/**
 * HOMER_HOST_REFUSED unless the request was meant for one of our names: a web page whose own name was made to point at
 * this machine (DNS rebinding) is told by the Host header alone.
 */
export function checkHost(request: IncomingMessage, names: Names): void {
  const host = request.headers.host?.toLowerCase() ?? '';
  // Node keeps the first of several Host headers, another program in front of it might have read the last.
  const count = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length;
  const isOurs = count === 1 && names.hosts.has(host) && request.url?.startsWith('/') === true;
  if (!isOurs)
    throw new HomerError('HOMER_HOST_REFUSED', 'The Host header names none of the names of this Homer.');
}

/** HOMER_ORIGIN_REFUSED for what a browser sends on behalf of another page, also of one without an origin (`null`). */
export function checkOrigin(request: IncomingMessage, names: Names): void {
  const origin = request.headers.origin;
  if (origin !== undefined && !names.origins.has(origin.toLowerCase()))
    throw new HomerError('HOMER_ORIGIN_REFUSED', 'The request comes from a web page that is not ours.');
  const site = request.headers['sec-fetch-site'];
  const isNavigation = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
  if ((site === 'cross-site' || site === 'same-site') && !isNavigation)
    throw new HomerError('HOMER_ORIGIN_REFUSED', 'The request was caused by a web page that is not ours.');
}

/**
 * Whether this is to become a WebSocket (RFC 6455, section 4.2.1); any other wish to speak something else (`h2c`) is passed
 * over, as RFC 9110 allows.
 */
export function asksForSocket(request: IncomingMessage): boolean {
  const { method, headers } = request;
  return method === 'GET' && pathOf(request) === '/ws' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** HOMER_CONTENT_TYPE for a body that is not plain JSON; a browser cannot send that to another site unasked. */
export function checkType(request: IncomingMessage): void {
  if (!hasBody(request)) return;
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type))
    throw new HomerError('HOMER_CONTENT_TYPE', 'The body is not declared as application/json.');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new HomerError('HOMER_CONTENT_TYPE', 'A compressed body is not accepted.', {
      hint: 'Send the body without Content-Encoding.',
    });
}

/** HOMER_BODY_TOO_LARGE by what the head says; a body without a length is measured while it is read. */
export function checkSize(request: IncomingMessage, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit);
}

export function bodyTooLarge(limit: number): HomerError {
  return new HomerError('HOMER_BODY_TOO_LARGE', `The body is larger than ${limit} bytes.`);
}

/** Whether a body follows the head, also an unfinished one (RFC 9112, section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

/**
 * Whether the connection of a refused request is better closed. Else the rest of its body is read away and forgotten,
 * so that a client that writes before it reads sees the answer and not a reset.
 */
export function isBodyEndless(request: IncomingMessage, limit: number): boolean {
  const length = Number(request.headers['content-length'] ?? 0);
  return request.headers['transfer-encoding'] !== undefined || length > 16 * limit;
}
