// `homer service …`: Homer as a service of the account or of the machine, kept by systemd or launchd.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HomerError, isHomerError } from '../../core/errors.ts';
import type { WantedUnit } from '../../doctor/check.ts';
import type { Draft, InstalledService, Machine } from '../../service/open.ts';
import { confirm } from '../confirm.ts';
import { report, type Context } from '../context.ts';
import { told } from '../halt.ts';
import { openServiceRoom, thisMachine } from '../installed-service.ts';
import { ensureDaemon } from '../launch.ts';
import { refuseInRun } from '../run-access.ts';
import { onlyRoot } from '../start-service.ts';
import { drawInstallation, serviceDocument, serviceLines } from '../service-screen.ts';
import { drawStatus } from '../status-screen.ts';
import { exitCodeOf, notRunning, readStatus } from './status.ts';

export type ServiceAction =
  'install' | 'uninstall' | 'start' | 'stop' | 'restart' | 'status' | 'logs' | 'print';

export interface ServiceOptions {
  readonly system?: boolean;
  readonly runAs?: string;
  readonly linger?: boolean;
  readonly yes?: boolean;
  readonly pm2?: boolean;
  readonly launchd?: boolean;
  readonly follow?: boolean;
  readonly lines: number;
}

interface Call {
  readonly context: Context;
  readonly options: ServiceOptions;
  readonly machine: Machine;
}

/** The launcher of this very version: what the keeper starts. */
const launcher = fileURLToPath(new URL('../../../homer', import.meta.url));

/** 0 done; status: as `homer status`; logs: as the program that shows them. */
export async function service(
  context: Context,
  action: ServiceAction,
  options: ServiceOptions,
): Promise<number> {
  if (!['status', 'logs', 'print'].includes(action)) refuseInRun(context, `${action} services`);
  const call: Call = { context, options, machine: thisMachine() };
  return actions[action](call);
}

const actions: Readonly<Record<ServiceAction, (call: Call) => Promise<number>>> = {
  install,
  uninstall,
  start: (call) => command(call, 'start', 'has started'),
  stop: (call) => command(call, 'stop', 'has stopped; its runs go on and the next start adopts them'),
  restart: (call) => command(call, 'restart', 'has started again'),
  status,
  logs,
  print,
};

async function install(call: Call): Promise<number> {
  const { context, options, machine } = call;
  const { terminal } = context;
  const room = await openServiceRoom();
  const draft = await draftFor(call, machine.platform);
  const plan = await room.planInstallation(draft, await drainMsOf(draft), machine);
  if (!context.json) for (const line of drawInstallation(plan)) terminal.print(line);
  if (draft.scope === 'system' && process.getuid?.() !== 0)
    throw new HomerError('HOMER_USAGE', 'Only root can install a service of the machine.', {
      hint: `sudo ${draft.launcher} service install --system`,
    });
  if (options.yes !== true && !(await confirm(context, `Install ${draft.name}?`))) {
    if (context.json) report(context, { installed: false, file: draft.file, text: plan.text }, []);
    terminal.say('Nothing was installed. `--yes` installs it without asking.');
    return 1;
  }
  const installed = await plan.install();
  if (options.linger === true) await installed.linger(draft.account.name);
  const { record } = await ensureDaemon(draft.home, terminal.say);
  const condition = await installed.condition();
  report(context, { installed: true, text: plan.text, service: serviceDocument(installed, condition) }, [
    `Homer is ready (pid ${record.pid}, port ${record.port}).`,
    ...serviceLines(installed, condition),
  ]);
  return 0;
}

async function uninstall(call: Call): Promise<number> {
  const { context } = call;
  const found = await installedFor(call, 'uninstall');
  const running = await countRunning(call, found);
  if (running > 0) context.terminal.say(told('drain', running));
  const { uninstall: remove } = await openServiceRoom();
  await remove(found);
  report(context, { uninstalled: true, file: found.file, home: found.home, running }, [
    `${found.name} is stopped and removed (${found.file}). ${found.home} stays as it is.`,
    ...(running === 0 ? [] : ['What was running goes on; `homer start` adopts it.']),
  ]);
  return 0;
}

async function command(call: Call, verb: 'start' | 'stop' | 'restart', done: string): Promise<number> {
  const found = await installedFor(call, verb);
  // A typo must not turn a daemon that works into one that cannot start.
  if (verb !== 'stop') await drainMsOf(found);
  const running = verb === 'start' ? 0 : await countRunning(call, found);
  if (running > 0) call.context.terminal.say(told('drain', running));
  await found[verb]();
  const condition = await found.condition();
  report(call.context, { service: serviceDocument(found, condition) }, [
    `${found.name} ${done}.`,
    ...serviceLines(found, condition),
  ]);
  return 0;
}

async function status(call: Call): Promise<number> {
  const { context } = call;
  const found = await installedFor(call, null);
  const condition = await found.condition();
  const answer = await readStatus({ ...context, home: found.home });
  const about = serviceDocument(found, condition);
  const more = ['', ...serviceLines(found, condition)];
  if (answer === null) {
    report(context, { daemon: 'stopped', home: found.home, service: about }, [
      'Homer is not running.',
      ...more,
    ]);
    return condition.state === 'failed' ? 1 : notRunning;
  }
  const { palette, columns } = context.terminal;
  const screen = drawStatus(answer, { palette, columns, now: Date.now() });
  report(context, { ...answer, service: about }, [...screen, ...more]);
  return exitCodeOf(answer);
}

async function logs(call: Call): Promise<number> {
  const { context, options } = call;
  const found = await installedFor(call, null);
  const { readLog, showLog } = await openServiceRoom();
  if (!context.json) return showLog(found, options.lines, options.follow === true);
  report(context, { service: found.name, lines: await readLog(found, options.lines) }, []);
  return 0;
}

async function print(call: Call): Promise<number> {
  const { context, options, machine } = call;
  const { printService, printEcosystem } = await openServiceRoom();
  const draft = await draftFor(call, options.launchd === true ? 'darwin' : machine.platform);
  const drainMs = await drainMsOf(draft);
  const text =
    options.pm2 === true ? printEcosystem(draft, drainMs) : await printService(draft, drainMs, machine);
  report(context, { file: options.pm2 === true ? 'ecosystem.config.cjs' : draft.file, text }, [
    text.trimEnd(),
  ]);
  return 0;
}

/** Of the daemon that the service has; 0 when that is another's, or cannot be asked. */
async function countRunning({ context }: Call, { home }: InstalledService): Promise<number> {
  return (await readStatus({ ...context, home }).catch(() => null))?.running.length ?? 0;
}

function draftFor({ context, options, machine }: Call, platform: string): Promise<Draft> {
  return openServiceRoom().then(({ draftService }) =>
    draftService({
      ...machine,
      platform,
      launcher,
      scope: options.system === true ? 'system' : 'user',
      runAs: options.runAs ?? null,
      home: ownOr(context.home, machine),
    }),
  );
}

/** Null for the account's own state directory, which is not named in a file. */
function ownOr(home: string, { userHome }: Machine): string | null {
  return home === join(userHome, '.homer') ? null : home;
}

/** The service that is meant. HOMER_SERVICE_MISSING; HOMER_SERVICE_INSTALLED when an order to it is root's to give. */
async function installedFor(
  { context, options, machine }: Call,
  order: string | null,
): Promise<InstalledService> {
  const { findInstalled } = await openServiceRoom();
  const found = findInstalled(context.home, options.system === true ? 'system' : null, machine);
  if (found === null)
    throw new HomerError('HOMER_SERVICE_MISSING', `There is no service of Homer for ${context.home}.`);
  if (order !== null && !found.isOurs) throw onlyRoot(found, order);
  return found;
}

/** What the configuration says of stopping; a configuration that is not valid starts nothing (78). */
/**
 * The file of the service of a state directory as it is, and as it would be written now. Empty where there is none, or where what it
 * follows cannot be read, which others say.
 */
export async function compareUnits(home: string): Promise<readonly WantedUnit[]> {
  const machine = thisMachine();
  const { draftService, findInstalled, printService } = await openServiceRoom();
  const found = findInstalled(home, null, machine);
  if (found === null) return [];
  const written = readFileSync(found.file, 'utf8');
  const runAs = /^User=(.+)$/m.exec(written)?.[1] ?? null;
  // The PATH of whoever asks is not that of the installation, and no reason to install again.
  const PATH = /PATH=([^"\n]*)/.exec(written)?.[1] ?? machine.env['PATH'];
  try {
    const env = { ...machine.env, PATH };
    const scope = runAs === null ? 'user' : 'system';
    const draft = await draftService({ ...machine, env, launcher, scope, runAs, home: ownOr(home, machine) });
    const wanted = await printService(draft, await drainMsOf(draft), machine);
    return [{ path: found.file, written, wanted }];
  } catch (error) {
    if (isHomerError(error)) return [];
    throw error;
  }
}

async function drainMsOf({ home }: { readonly home: string }): Promise<number> {
  const { loadConfig } = await import('../../config/load.ts');
  return loadConfig(home, { env: process.env, userHome: homedir() }).config.drain.timeoutMs;
}
