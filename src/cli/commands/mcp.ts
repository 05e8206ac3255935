// `homer mcp`: the tools of Homer for a client of the Model Context Protocol, on standard input and output.

import { HomerError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { createDesk } from '../mcp-desk.ts';
import { connectFrom } from '../run-access.ts';
import { connectOrStart } from './schedules.ts';

export interface McpOptions {
  /** Started by an agent of Homer's: with the rights of its run, or not at all. */
  readonly run?: boolean;
}

/** Resolves when the client has closed its end. Standard output is the protocol's; all else goes to standard error. */
export async function mcp(context: Context, { run: isForRun }: McpOptions): Promise<number> {
  const { run, terminal, version } = context;
  if (isForRun === true && run === null)
    throw new HomerError('HOMER_SCOPE_MISSING', 'This is no run, so there is nothing it may do.');
  if (process.stdin.isTTY)
    throw new HomerError('HOMER_USAGE', 'This is for a program that speaks the Model Context Protocol.', {
      hint: 'Name `homer mcp` in the configuration of that program; docs/mcp.md has examples.',
    });
  if (run === null) await connectOrStart(context);
  const { patience, serveOnStdio } = await import('../../mcp/open.ts');
  const desk = createDesk({
    connect: () => connectFrom(context),
    jobId: run?.jobId ?? null,
    patienceMs: run === null ? patience.ofProgramMs : patience.ofRunMs,
  });
  await serveOnStdio(desk, version, (error) => terminal.say(error.message));
  return 0;
}
