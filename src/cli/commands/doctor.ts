// `homer doctor`: looks at this machine and says what is there, what is missing and the step that mends it. Needs no daemon, and
// says more with one.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isHomerError } from '../../core/errors.ts';
import type { DoctorReport, Finding } from '../../doctor/report.ts';
import { connect } from '../client.ts';
import { report, type Context } from '../context.ts';
import { drawDoctor } from '../doctor-screen.ts';
import { sentence } from '../format.ts';
import { locateDaemon } from '../locate.ts';
import { readStatus } from './status.ts';

/** 0 when all that is needed is there, 1 when something has to be mended. */
export async function doctor(context: Context): Promise<number> {
  const { home, terminal, version } = context;
  const where = await locateDaemon(home);
  const { examine } = await import('../../doctor/open.ts');
  const isRunning = where.state !== 'stopped';
  const { env, platform } = process;
  const [looked, daemon] = await Promise.all([
    examine({ home, isRunning, env, userHome: homedir(), platform }),
    daemonFindings(context, isRunning),
  ]);
  const examined = { ...looked, findings: looked.findings.filter((each) => !isTold(each, daemon.webhooks)) };
  const unseen = await unseenAgents(context, isRunning, examined);
  const found: DoctorReport = {
    ...examined,
    findings: [...daemon.findings, ...unseen, ...examined.findings],
  };
  const all = [...found.findings, ...found.agents.flatMap(({ findings }) => findings)];
  const ok = all.every(({ level }) => level !== 'problem');
  report(context, { ok, home, version, ...found }, drawDoctor(found, terminal));
  return ok ? 0 : 1;
}

/** Agents that are found from here and not by the daemon: its PATH is that of its start. */
async function unseenAgents(
  context: Context,
  isRunning: boolean,
  { agents }: DoctorReport,
): Promise<readonly Finding[]> {
  const there = agents.filter(
    ({ kind, path, configured }) => kind !== 'command' && path !== null && !configured,
  );
  if (!isRunning || context.run !== null || there.length === 0) return [];
  try {
    const client = await connect(context.home);
    const { executors } = await client.call<{ readonly executors: readonly { readonly name: string }[] }>(
      'executors.list',
    );
    const known = new Set(executors.map(({ name }) => name));
    return there
      .filter(({ name }) => !known.has(name))
      .map(({ name, path }) => ({
        about: 'daemon',
        level: 'problem',
        text: `${name} (${path ?? ''}) was found since Homer was started; Homer does not look there.`,
        step: '`homer restart`',
      }));
  } catch (error) {
    // That it does not answer is told by the findings about it.
    if (isHomerError(error)) return [];
    throw error;
  }
}

interface DaemonFindings {
  readonly findings: readonly Finding[];
  /** How they are; null: it did not say. */
  readonly webhooks: 'well' | 'problem' | null;
}

/** A daemon has the secrets themselves and the programs that tell them; what it says of webhooks is not said again. */
function isTold({ about, level }: Finding, webhooks: DaemonFindings['webhooks']): boolean {
  return about === 'webhooks' && (webhooks === 'problem' || (webhooks === 'well' && level !== 'ok'));
}

/** Only a daemon can look into its ledger; without one the file is left alone. */
async function daemonFindings(context: Context, isRunning: boolean): Promise<DaemonFindings> {
  const about = 'daemon';
  const only = (found: Finding): DaemonFindings => ({ webhooks: null, findings: [found] });
  if (!isRunning) {
    const isThere = existsSync(join(context.home, 'homer.db'));
    const text = isThere ? 'Homer is not running; its ledger was not looked at.' : 'Homer is not running.';
    return only({ about, level: 'note', text, step: '`homer start` starts it.' });
  }
  // What a run may ask does not say how Homer is.
  if (context.run !== null)
    return only({ about, level: 'note', text: 'Homer was not asked: a run may not.', step: null });
  try {
    const status = await readStatus(context);
    if (status === null) return only({ about, level: 'note', text: 'Homer is not running.', step: null });
    const text = `Homer ${status.version} holds the lock (process ${status.pid}), answers on 127.0.0.1:${status.port} and reads its ledger.`;
    const older =
      status.version === context.version
        ? []
        : [
            {
              about,
              level: 'problem' as const,
              text: `It runs version ${status.version}, this is ${context.version}.`,
              step: '`homer restart` takes the new one.',
            },
          ];
    // What is wrong in config.yaml is listed by whoever read it here, line by line.
    const others = status.problems.filter(({ code }) => code !== 'HOMER_CONFIG_INVALID');
    const problems = others.map(({ message, hint }) => ({
      about,
      level: 'problem' as const,
      text: sentence(message),
      step: hint,
    }));
    const isWell = others.every(({ code }) => code !== 'HOMER_HOOK_UNMOUNTED');
    return {
      webhooks: isWell ? 'well' : 'problem',
      findings: [{ about, level: 'ok', text, step: null }, ...older, ...problems],
    };
  } catch (error) {
    if (!isHomerError(error)) throw error;
    return only({ about, level: 'problem', text: error.message, step: error.hint });
  }
}
