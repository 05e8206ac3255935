// The two doors of the protocol, over the official SDK: standard input and output of a process, and one HTTP request.

import { createMcpHandler } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Desk } from './desk.ts';
import { createServer } from './server.ts';

/** How long tools wait unless they are told. */
export const patience = {
  /** Agents that Homer starts are told to wait longer for a tool. */
  ofRunMs: 3_300_000,
  /** Most other programs give up after a minute. */
  ofProgramMs: 50_000,
} as const;

/** Serves on standard input and output; resolves when whoever started this process has closed its end. */
export async function serveOnStdio(
  desk: Desk,
  version: string,
  onError: (error: Error) => void,
): Promise<void> {
  const over = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  const served = serveStdio(() => createServer(desk, version), { maxSubscriptions: 0, onerror: onError });
  await over;
  await served.close();
}

/** `body` is the request's, parsed. */
export type AnswerRequest = (request: Request, body: unknown) => Promise<Response>;

/** Nothing is kept between two requests: each is answered by a server of its own, for the desk of its own caller. */
export function openHttpDoor(
  deskOf: (request: Request) => Omit<Desk, 'patienceMs'>,
  version: string,
  onError: (error: Error) => void,
): AnswerRequest {
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      if (requestInfo === undefined) throw new Error('a request of nobody');
      const desk = deskOf(requestInfo);
      const patienceMs = desk.jobId === null ? patience.ofProgramMs : patience.ofRunMs;
      return createServer({ ...desk, patienceMs }, version);
    },
    // Nothing here is ever announced, so nobody may hold a stream open to be told.
    { maxSubscriptions: 0, onerror: onError },
  );
  return (request, body) => handler.fetch(request, body === undefined ? {} : { parsedBody: body });
}
