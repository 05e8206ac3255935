// The door of the room: everything `homer doctor` can find out without a daemon.

import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import { detectIsolation } from '../runner/isolation.ts';
import { findProgram } from '../runner/program.ts';
import { examineAgents } from './agents.ts';
import { backupFindings } from './backups.ts';
import { awakeFinding, containmentFindings, diskFinding, homeFinding, portFinding } from './machine.ts';
import { engineFindings } from './redis.ts';
import { type DoctorReport, finding, type Finding } from './report.ts';
import type { Surroundings } from './sign-in.ts';
import { webhookFindings } from './webhooks.ts';

export interface DoctorOptions extends Surroundings {
  /** Absolute path of the state directory; it may not exist. */
  readonly home: string;
  /** A daemon has the port. */
  readonly isRunning: boolean;
}

/** Starts agents only to hear their version; reads no secret but the url of Redis; opens neither ledger nor lock. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { home, env } = options;
  const { config, findings } = readConfig(options);
  const isolation = await detectIsolation();
  const agents = await examineAgents(config, options, isolation);
  const roots = (config?.roots ?? []).filter((root) => !existsSync(root));
  const hasAgent = agents.some(({ kind, path }) => kind !== 'command' && path !== null);
  return {
    isolation,
    agents,
    findings: [
      homeFinding(home),
      ...findings,
      ...roots.map(missingRoot),
      ...webhookFindings(config, env),
      ...(options.isRunning || config === null || config.port === 0 ? [] : [await portFinding(config.port)]),
      await diskFinding(home),
      ...backupFindings(home, config, Date.now()),
      ...(hasAgent ? [] : [noAgent]),
      ...(await engineFindings(config, env)),
      ...containmentFindings(isolation, config, 'path' in findProgram('bwrap', env['PATH'], '/')),
      await awakeFinding(config, env),
    ],
  };
}

const noAgent = finding(
  'agents',
  'problem',
  'No agent is installed; only commands (`homer run -x shell …`) can run.',
  'Install one of those listed under Agents.',
);

function missingRoot(root: string): Finding {
  const text = `${root} does not exist; no job can work there.`;
  return finding('roots', 'problem', text, 'Make it, or remove it from `roots` in config.yaml.');
}

function readConfig({ home, env, userHome }: DoctorOptions): {
  readonly config: Config | null;
  readonly findings: readonly Finding[];
} {
  const about = 'config';
  try {
    const { config, warnings } = loadConfig(home, { env, userHome });
    const doubts = warnings.map((warning) => finding(about, 'note', formatProblem(warning)));
    const right = finding(about, 'ok', 'The configuration is right.');
    return { config, findings: doubts.length === 0 ? [right] : doubts };
  } catch (error) {
    const step = isHomerError(error) ? error.hint : null;
    return { config: null, findings: [finding(about, 'problem', messageOf(error), step)] };
  }
}
