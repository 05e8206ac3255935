// What a run is given to ask Homer for jobs of its own: where the daemon listens, a token that is good while the run lives,
// and which job it is.

import type { ExecutorConfig } from '../config/config.ts';
import type { JobId, RunId } from '../core/ids.ts';
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
