// The door for browsers: `/login?code=` becomes a cookie, and `/` says what there is. Two small pages without a script.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHomerError } from '../core/errors.ts';
import type { LoginDesk } from '../operations/logins.ts';
import type { Authenticator } from './auth.ts';
import { formatCookie, readCookie } from './cookie.ts';
import type { Peers } from './peer.ts';
import { plainHeaders } from './problem-details.ts';

export interface FrontDoorOptions {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly peers: Peers;
  readonly port: () => number;
  /** null: no browser can log in. Throws HOMER_STARTING. */
  readonly desk: () => LoginDesk | null;
}

const toApiPage: ReadonlySet<string> = new Set(['/docs', '/docs/', '/docs/api/']);

export function isFrontDoor(path: string): boolean {
  return path === '/' || path === '/login' || toApiPage.has(path);
}

/** Answers a GET of one of these, or throws what is to be answered. */
export function createFrontDoor(
  options: FrontDoorOptions,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  const { authenticator, peers } = options;

  const logIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const desk = options.desk();
    const code = new URLSearchParams((request.url ?? '').split('?', 2)[1]).get('code');
    if (desk === null || code === null) return sendPage(response, 401, doorPage);
    const { text, expiresAt } = await desk.redeem(
      code,
      browserOf(request.headers['user-agent']),
      peers.of(request),
    );
    const cookie = formatCookie(options.port(), text, expiresAt - Date.now(), peers.isSecure(request));
    response.writeHead(303, { ...plainHeaders, location: '/', 'set-cookie': cookie, 'content-length': '0' });
    response.end();
  };

  return async (request, response, path) => {
    if (toApiPage.has(path)) {
      response.writeHead(302, { ...plainHeaders, location: '/docs/api', 'content-length': '0' });
      return void response.end();
    }
    if (path === '/login') {
      try {
        return await logIn(request, response);
      } catch (error) {
        // A person reads this, in a browser.
        if (isHomerError(error, 'HOMER_LOGIN_CODE')) return sendPage(response, 401, stalePage);
        throw error;
      }
    }
    options.desk();
    const isKnown =
      request.headers.authorization !== undefined || readCookie(request, options.port()) !== null;
    if (!isKnown) return sendPage(response, 401, doorPage);
    try {
      authenticator.authenticate(request);
    } catch (error) {
      if (!isHomerError(error, 'HOMER_TOKEN_WRONG')) throw error;
      return sendPage(response, 401, doorPage);
    }
    return sendPage(response, 200, welcomePage);
  };
}

function sendPage(response: ServerResponse, status: number, body: string): void {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, {
    ...plainHeaders,
    'content-type': 'text/html; charset=utf-8',
    'content-length': length,
  });
  response.end(body);
}

/** For the list of logins: two words, whatever the browser says of itself. */
export function browserOf(userAgent: string | undefined): string {
  const text = userAgent ?? '';
  const pick = (names: readonly (readonly [string, RegExp])[], other: string): string =>
    names.find(([, shape]) => shape.test(text))?.[0] ?? other;
  const program = pick(
    [
      ['Edge', /\bEdg/],
      ['Firefox', /\bFirefox\//],
      ['Chrome', /\bChrom(e|ium)\//],
      ['Safari', /\bSafari\//],
    ],
    'a browser',
  );
  const system = pick(
    [
      ['Android', /Android/],
      ['iOS', /iPhone|iPad/],
      ['macOS', /Mac OS X/],
      ['Windows', /Windows/],
      ['Linux', /Linux|X11/],
    ],
    '',
  );
  return system === '' ? program : `${program} on ${system}`;
}

const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>`;

const welcomePage = page(
  'Homer',
  'You are logged in. <a href="/admin/jobs">Jobs</a> · <a href="/docs/api">What can be asked for</a> (<a href="/openapi.json">for programs</a>) · <a href="/api/v1/status">How things stand</a>',
);
const doorPage = page('Homer', 'Run <code>homer open</code> on the machine to log this browser in.');
const stalePage = page(
  'Homer',
  'This link was used before or is too old. Run <code>homer open</code> again: each link is good once, for a minute.',
);
