// What to do about a run that ended badly, where more can be said than its verdict alone tells. It is looked at when the run
// has ended, so it says what is true then.

import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { placesOf } from '../executors/agent-places.ts';
import type { RunReport } from '../ledger/run-record.ts';
import { checkWorkingDirectory } from '../runner/program.ts';

export interface Advised {
  /** Name of the executor, and how it is configured, if it still is. */
  readonly executor: string;
  readonly config: Pick<ExecutorConfig, 'kind' | 'bin' | 'configured'> | undefined;
  /** Absolute. */
  readonly cwd: string;
}

/** The report with a hint of its own and, where no repetition can help, the word that it is final. */
export function withAdvice(report: RunReport, { executor, config, cwd }: Advised): RunReport {
  if (config === undefined) return report;
  if (report.verdict === 'auth') {
    const signIn = placesOf(config.kind, config.bin)?.signIn;
    if (signIn === undefined) return report;
    return { ...report, hint: `Sign in (${signIn}) or mend its key, then \`homer retry ID\`.` };
  }
  if (report.verdict === 'agent_error' && config.kind === 'command')
    return { ...report, hint: '`homer logs ID` has all it said, `homer retry ID` runs it again.' };
  if (report.verdict !== 'spawn_failed') return report;
  if (checkWorkingDirectory(cwd) !== null)
    return {
      ...report,
      hint: `Make ${cwd} again, then \`homer retry ID\`; or give another with -C (\`cwd\` over HTTP).`,
    };
  if (!isAbsolute(config.bin) || existsSync(config.bin)) return report;
  const key = config.kind === 'command' ? 'argv' : 'bin';
  return {
    ...report,
    hint: `Correct \`${key}\` of the executor \`${executor}\` in config.yaml, then \`homer retry ID\`.`,
    // Nothing but a person puts a program where there is none.
    isFinal: true,
  };
}
