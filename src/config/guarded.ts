// Which changes of the configuration need the owner and a yes, and what each of them is about.

import type { ConfigChange } from './change.ts';

type Path = ConfigChange['path'];

/**
 * What a change of settings may touch without being able to make Homer run, read, send, throw away or answer to anything else
 * than before. Everything that is not named is guarded, also what later versions bring.
 */
const harmless = [
  'lanes',
  'budget',
  'approvals',
  'sessions',
  'drain',
  'keepAwake',
  'canary',
  'logs',
  'backup.every',
  'digest.after',
  'digest.downtime',
  'alerts.quiet',
  'alerts.timeZone',
  'alerts.repeat',
  'alerts.rules',
].map((key) => key.split('.'));

const says: Readonly<Record<string, string>> = {
  port: 'where Homer listens',
  bind: 'where Homer listens, and which machines reach it',
  hosts: 'which names Homer answers to',
  proxies: 'which proxies Homer believes',
  roots: 'where jobs may work',
  executors: 'which programs Homer runs, and with what',
  defaultExecutor: 'which program Homer runs',
  engine: 'what hands out jobs',
  workers: 'which host does the work',
  ledger: 'who may read the ledger',
  tracing: 'where the path of each task is sent',
  backup: 'where backups go, who can read them and which are kept',
  retention: 'what is thrown away, and when',
  alerts: 'where alerts are sent',
  digest: 'who is told what came while they were away',
  telegram: 'who may talk to Homer, and by which bot',
  webhooks: 'who may send tasks, and what becomes of them',
  schedules: 'what Homer does by itself',
  heartbeat: 'what Homer does by itself',
  skills: 'which skills there are, and what they are given',
  subagents: 'how many jobs an agent may ask for',
  deliveries: 'whether a message may be sent twice',
};

/** The paths that only the owner changes, and only knowingly: programs, addresses, who is let in, secrets, what is kept. */
export function guardedPaths(changes: readonly ConfigChange[]): Path[] {
  return changes.map(({ path }) => path).filter((path) => !harmless.some((key) => begins(key, path)));
}

/** A sentence: `hosts.0 says which names Homer answers to.` */
export function whyGuarded(path: Path): string {
  const [section = ''] = path.map(String);
  const what = Object.hasOwn(says, section) ? says[section] : undefined;
  return `${path.join('.')} says ${what ?? 'what Homer runs, reads, answers to or lets in'}.`;
}

function begins(key: readonly string[], path: Path): boolean {
  return key.every((part, index) => part === path[index]);
}
