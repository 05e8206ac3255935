// `homer doctor`: looks at this machine and says what is there, what is missing and the step that mends it. Needs no daemon, and
// says more with one.

import { homedir } from 'node:os';
import { isHomerError } from '../../core/errors.ts';
import type { Change, DoctorReport } from '../../doctor/report.ts';
import type { DoctorOptions } from '../../doctor/open.ts';
import type { DoctorAnswer } from '../answers.ts';
import { connect } from '../client.ts';
import { report, type Context } from '../context.ts';
import { drawDoctor } from '../doctor-screen.ts';
import { locateDaemon } from '../locate.ts';
import { refuseInRun } from '../run-access.ts';

export interface DoctorCommandOptions {
  readonly fix?: true;
  readonly security?: true;
}

/** A daemon that works answers within milliseconds. */
const answerMs = 2_000;

/** 0 when all that is needed is there, 1 when something has to be mended. */
export async function doctor(context: Context, asked: DoctorCommandOptions): Promise<number> {
  if (asked.fix === true) refuseInRun(context, 'mend Homer');
  const { home, terminal, version } = context;
  const { examine, mend, reasons } = await import('../../doctor/open.ts');
  const look = async (): Promise<DoctorOptions> => {
    const where = await locateDaemon(home);
    const isRunning = where.state !== 'stopped';
    const daemon = isRunning ? await askDaemon(context) : null;
    const { env, platform } = process;
    const { compareUnits } = await import('./service.ts');
    return {
      wantedUnits: await compareUnits(home),
      home,
      version,
      isRunning,
      daemon,
      env,
      platform,
      userHome: homedir(),
      security: asked.security === true,
    };
  };
  const mended = asked.fix === true ? await mend(await look()) : null;
  const found = await examine(await look());
  const all = [...found.findings, ...found.agents.flatMap(({ findings }) => findings)];
  const ok = all.every(({ level }) => level !== 'problem');
  const why = reasons();
  report(context, { ok, home, version, ...mended, ...explained(found, why) }, [
    ...mendedLines(mended),
    ...drawDoctor(found, terminal),
  ]);
  return ok ? 0 : 1;
}

function mendedLines(
  mended: { readonly changes: readonly Change[]; readonly failures: readonly Change[] } | null,
): string[] {
  if (mended === null) return [];
  const done =
    mended.changes.length === 0
      ? ['Nothing was changed.']
      : mended.changes.map(({ text }) => `Mended: ${text}`);
  return [...done, ...mended.failures.map(({ text }) => text), ''];
}

/** With the reason of each check, for whoever has not the page of it at hand. */
function explained({ isolation, agents, findings }: DoctorReport, why: ReadonlyMap<string, string>): object {
  const withWhy = (each: DoctorReport['findings'][number]) => ({ ...each, why: why.get(each.id) ?? null });
  return {
    isolation,
    agents: agents.map((agent) => ({ ...agent, findings: agent.findings.map(withWhy) })),
    findings: findings.map(withWhy),
  };
}

/** Null: a run may not ask how Homer is. */
async function askDaemon({ home, run }: Context): Promise<DoctorOptions['daemon']> {
  if (run !== null) return null;
  try {
    const client = await connect(home);
    const { executors, ...says } = await client.call<DoctorAnswer>('daemon.examine', { timeoutMs: answerMs });
    return { ...says, executors, silence: null };
  } catch (error) {
    if (!isHomerError(error)) throw error;
    const silence = { text: error.message, step: error.hint };
    return {
      version: null,
      problems: [],
      telegram: null,
      backup: null,
      ledger: null,
      executors: null,
      silence,
    };
  }
}
