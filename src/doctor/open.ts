// The door of the room: everything `homer doctor` can find out, with what a daemon tells where one runs. Nothing is changed but by `mend`.

import { loadConfig } from '../config/load.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import { isLockHeldProof, probeLock, type LockState } from '../lifecycle/lock.ts';
import { readRecord } from '../lifecycle/record.ts';
import { detectIsolation } from '../runner/isolation.ts';
import { examineAgents } from './agents.ts';
import { catalogue, checks, noAgent, unseenAgent } from './catalogue.ts';
import { findingOf, runCheck, type Around, type Check, type DaemonSays, type WantedUnit } from './check.ts';
import { lookAtLedger } from './ledger-look.ts';
import { type Change, type DoctorReport, type Finding, note, problem } from './report.ts';
import type { Surroundings } from './sign-in.ts';

export interface DoctorOptions extends Surroundings {
  /** Absolute path of the state directory; it may not exist. */
  readonly home: string;
  readonly version: string;
  /** A daemon has the lock. */
  readonly isRunning: boolean;
  /** Null: none runs, or it may not be asked. */
  readonly daemon: (DaemonSays & { readonly executors: readonly string[] | null }) | null;
  /** Only what is about security, and all of that. */
  readonly security: boolean;
  /** Installed services, with what would be installed now; left out where nobody knows. */
  readonly wantedUnits?: readonly WantedUnit[];
  /** Tests look at another machine than `/`. */
  readonly root?: string;
}

/** Never rejects for what it finds: a configuration or a ledger that cannot be read is a finding. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const around = await lookAround(options);
  const { isolation, config } = around;
  const wanted = checks.filter((check) => isWanted(check, options));
  const [agents, ...found] = await Promise.all([
    options.security ? [] : examineAgents(config, options, isolation),
    ...wanted.map((check) => runCheck(check, around)),
  ]);
  return { isolation, agents, findings: [...agentFindings(options, agents), ...found.flat()] };
}

/** Mends what breaks nothing and says what it did; a second time there is nothing to do. A check that cannot be mended says why. */
export async function mend(
  options: DoctorOptions,
): Promise<{ readonly changes: readonly Change[]; readonly failures: readonly Change[] }> {
  const around = await lookAround(options);
  const changes: Change[] = [];
  const failures: Change[] = [];
  // One after the other: what one makes, the next may look at.
  for (const check of checks) {
    const findings = await runCheck(check, around);
    if (check.mend === undefined || findings.every(({ level }) => level === 'ok')) continue;
    try {
      for (const text of await check.mend(around)) changes.push({ id: check.id, text });
    } catch (error) {
      failures.push({ id: check.id, text: `${check.id} could not be mended: ${messageOf(error)}.` });
    }
  }
  return { changes, failures };
}

/** Why a check is there, by its id. */
export function reasons(): ReadonlyMap<string, string> {
  return new Map(catalogue.map(({ id, why }) => [id, why]));
}

function isWanted({ security, deep }: Check, options: DoctorOptions): boolean {
  return options.security ? security === true : deep !== true;
}

async function lookAround(options: DoctorOptions): Promise<Around> {
  const { home, version, env, userHome, platform, isRunning, daemon, root = '/', wantedUnits = [] } = options;
  const [isolation, lock, record, ledger] = await Promise.all([
    detectIsolation(),
    lockOf(home),
    readRecord(home),
    lookAtLedger({ home, isRunning, told: daemon?.ledger ?? null, env }),
  ]);
  return {
    ...{
      home,
      version,
      env,
      userHome,
      platform,
      isRunning,
      daemon,
      root,
      isolation,
      lock,
      record,
      ledger,
      wantedUnits,
    },
    ...readConfig(options),
    now: Date.now(),
    nodeVersion: process.versions.node,
    uid: process.getuid?.() ?? null,
  };
}

/** The kernel's own word where its list cannot be read; that takes the lock for a few milliseconds. */
async function lockOf(home: string): Promise<LockState> {
  const seen = probeLock(home);
  return seen === 'unknown' ? isLockHeldProof(home).catch(() => seen) : seen;
}

function readConfig({
  home,
  env,
  userHome,
}: DoctorOptions): Pick<Around, 'config' | 'configError' | 'warnings'> {
  try {
    const { config, warnings } = loadConfig(home, { env, userHome });
    return { config, warnings, configError: null };
  } catch (error) {
    const step = isHomerError(error) ? error.hint : null;
    return { config: null, warnings: [], configError: { text: messageOf(error), step } };
  }
}

function agentFindings({ daemon, security }: DoctorOptions, agents: DoctorReport['agents']): Finding[] {
  if (security) return [];
  const there = agents.filter(({ kind, path }) => kind !== 'command' && path !== null);
  if (there.length === 0) {
    const text = 'No agent is installed; only commands (`homer run -x shell …`) can run.';
    const step = 'Install one of those listed under Agents.';
    // Whoever set up commands may want nothing else.
    const hasCommands = agents.some(({ kind, configured }) => kind === 'command' && configured);
    return [findingOf(noAgent, hasCommands ? note(text, step) : problem(text, step))];
  }
  const known = daemon?.executors ?? null;
  if (known === null) return [];
  return there
    .filter(({ name, configured }) => !configured && !known.includes(name))
    .map(({ name, path }) =>
      findingOf(
        unseenAgent,
        problem(`${name} (${path ?? ''}) was found since Homer was started; Homer does not look there.`, {
          command: 'homer restart',
        }),
      ),
    );
}
