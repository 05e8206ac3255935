// `homer update`: says which versions there are, or replaces Homer by another one. What is begun here is carried out by the copy of
// this version that is kept, in a process of its own: neither the end of this one nor the exchange of its sources concerns it.

import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HomerError, isHomerError, messageOf } from '../../core/errors.ts';
import { startPrevious, undoCutOff } from '../../lifecycle/previous-version.ts';
import type { UpdateRecord } from '../../lifecycle/update-record.ts';
import type { BackupView } from '../../operations/backups.ts';
import type { DaemonHands, UpdateCheck } from '../../update/open.ts';
import type { StatusAnswer } from '../answers.ts';
import { createClient, type Client } from '../client.ts';
import { readToken } from '../../config/token.ts';
import { loadConfig } from '../../config/load.ts';
import { report, type Context } from '../context.ts';
import { createDetach } from '../detach.ts';
import { haltDaemon } from '../halt.ts';
import { ensureDaemon } from '../launch.ts';
import { refuseInRun } from '../run-access.ts';

export interface UpdateOptions {
  readonly check?: boolean;
  readonly to?: string;
  /** Milliseconds. */
  readonly patience: number;
  /** This process is the version before, which drives what was begun. */
  readonly drive?: boolean;
  /** This process is the version before, which undoes what was cut off. */
  readonly rollBack?: boolean;
}

const backupMs = 3_600_000;

/** 0 when it was updated, or is that version already. HOMER_UPDATE_REFUSED, HOMER_UPDATE_FAILED, HOMER_UPDATE_STUCK. */
export async function update(context: Context, options: UpdateOptions): Promise<number> {
  refuseInRun(context, 'update Homer');
  if (options.drive === true) return drive(context);
  if (options.rollBack === true) return undo(context);
  if (options.check === true) return check(context);
  if (options.to === undefined)
    throw new HomerError('HOMER_USAGE', 'Which version is not said.', {
      hint: '`homer update --check` tells which there are, `homer update --to VERSION` takes one.',
    });
  return begin(context, options.to, options.patience);
}

async function check(context: Context): Promise<number> {
  const { checkUpdate } = await import('../../update/open.ts');
  const found = await checkUpdate(context.home, process.env);
  report(context, found, [describe(found), ...describeLast(found)]);
  return 0;
}

function describe({ installed, newest, isNewer }: UpdateCheck): string {
  const here = `Homer ${installed.version}${installed.commit === null ? '' : ` (${installed.commit.slice(0, 10)})`} is installed`;
  if (newest === null) return `${here}; where it came from no version is to be seen.`;
  return isNewer
    ? `${here}, ${newest} is there: \`homer update --to ${newest}\`.`
    : `${here}, the newest is ${newest}.`;
}

function describeLast({ last }: UpdateCheck): readonly string[] {
  if (last?.phase !== 'rolled-back') return [];
  return [`The last update, to ${last.to.version}, was rolled back: ${last.why ?? 'it is not known why.'}`];
}

async function begin(context: Context, to: string, trialMs: number): Promise<number> {
  const { home, terminal, json } = context;
  await undoCutOff(home, terminal.say);
  // What does not start now would be taken for a fault of the new version.
  loadConfig(home, { env: process.env, userHome: homedir() });
  const { beginUpdate } = await import('../../update/open.ts');
  const record = await beginUpdate({
    home,
    to,
    trialMs,
    env: process.env,
    tell: terminal.say,
    backUp: async () => backUp(await connectWell(context)),
  });
  if (record === null) {
    report(context, { updated: false, to }, [`This is ${to} already.`]);
    return 0;
  }
  const driver = startPrevious(record, 'drive', home, { json });
  const ended = once(driver, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const [code, signal] = await createDetach().or(
    ended,
    () => 'The update goes on; `homer update --check` tells how it ended.',
  );
  if (code !== null) return code;
  throw new HomerError('HOMER_UPDATE_STUCK', `The updater was ended by ${signal}.`, {
    hint: '`homer start`: what was taken over stays, what was not is undone.',
  });
}

/** A client of a daemon that does what it is sent; HOMER_UPDATE_REFUSED. */
async function connectWell({ home, terminal }: Context): Promise<Client> {
  const { record } = await ensureDaemon(home, terminal.say);
  const client = createClient(record, readToken(home));
  const { daemon, problems } = await client.call<StatusAnswer>('daemon.status');
  if (daemon !== 'held' && daemon !== 'down') return client;
  throw new HomerError('HOMER_UPDATE_REFUSED', problems[0]?.message ?? `Homer is ${daemon}.`, {
    hint: `Mend this first, or it would be taken for a fault of the new version. ${problems[0]?.hint ?? ''}`.trim(),
  });
}

async function backUp(client: Client): Promise<string> {
  return (await client.call<BackupView>('backups.create', { body: {}, timeoutMs: backupMs })).path;
}

async function drive(context: Context): Promise<number> {
  const { carryOut } = await import('../../update/open.ts');
  const { from, to, backup } = await carryOut(
    context.home,
    process.env,
    handsOf(context),
    context.terminal.say,
  );
  report(context, { updated: true, from, to, backup }, [
    `Homer ${to.version} has passed its trial and is taken over. ${from.version} was before; its ledger is in ${backup}.`,
  ]);
  return 0;
}

async function undo(context: Context): Promise<number> {
  const { undoUpdate } = await import('../../update/open.ts');
  const undone = await undoUpdate(context.home, process.env, handsOf(context), context.terminal.say);
  context.terminal.say(undone === null ? 'There is nothing to put back.' : describeUndone(undone));
  return 0;
}

function describeUndone({ from }: UpdateRecord): string {
  return `Homer ${from.version} is back. Nothing is lost.`;
}

/** Without a service manager: the process that holds the lock is asked to stop, and a new one is started in the background. */
function handsOf({ home, terminal }: Context): DaemonHands {
  return {
    async stop() {
      try {
        await haltDaemon(home, 'now', terminal.say);
      } catch (error) {
        if (!isHomerError(error, 'HOMER_NOT_RUNNING')) throw error;
      }
    },
    async start(root, patienceMs) {
      let why = '';
      const say = (line: string): void => {
        // The end of its log: what it says when it gives up, else its last line.
        const text = line.trim();
        if (text.startsWith('homer: ') || !why.startsWith('homer: ')) why = text;
        terminal.say(line);
      };
      try {
        await ensureDaemon(home, say, { argv: ['sh', join(root, 'homer')], patienceMs });
      } catch (error) {
        const said = why === '' ? messageOf(error) : why.replace(/^homer: /, '');
        throw new HomerError('HOMER_TRIAL_FAILED', said, { cause: error });
      }
    },
  };
}
