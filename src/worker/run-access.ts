// What a run is given to ask Homer for jobs of its own: where the daemon listens, a token that is good while the run lives,
// and which job it is.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutorConfig } from '../config/config.ts';
import type { JobId, RunId } from '../core/ids.ts';
import type { ExecutorSettings } from '../executors/executor.ts';
import type { RunTokens } from '../ledger/run-tokens.ts';
import type { SecretFrame } from '../runner/files.ts';

/** The frame with HOMER_URL, HOMER_TOKEN and HOMER_JOB_ID in it, where the executor may have subagents. */
export function addRunAccess(
  frame: SecretFrame,
  { subagents }: Pick<ExecutorConfig, 'subagents'>,
  run: { readonly jobId: JobId; readonly runId: RunId },
  daemon: { readonly port: number; readonly runTokens: RunTokens },
): SecretFrame {
  if (!subagents) return frame;
  const token = daemon.runTokens.mint(run.runId);
  const access = {
    HOMER_URL: `http://127.0.0.1:${daemon.port}`,
    HOMER_TOKEN: token,
    HOMER_JOB_ID: run.jobId,
  };
  return { env: { ...frame.env, ...access }, secrets: [...frame.secrets, token] };
}

/**
 * The server of Homer's own tools, of this very version, for a run that may ask Homer at all. `--run`: it is of use with what the
 * run was given, and never with what the owner has lying about.
 */
export function toolsFor({
  mcp,
  subagents,
}: Pick<ExecutorConfig, 'mcp' | 'subagents'>): Pick<ExecutorSettings, 'mcp'> {
  if (!mcp || !subagents) return {};
  const main = fileURLToPath(new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url));
  return { mcp: { command: process.execPath, args: [main, 'mcp', '--run'] } };
}
