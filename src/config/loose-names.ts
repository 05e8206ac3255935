// Names in config.yaml that lead nowhere as far as the file can tell: work would fail, or be told to nobody.

import { parseTarget } from '../core/delivery.ts';
import type { Finding } from './problem.ts';
import { agentKinds, type FileContent } from './schema.ts';

interface Asked {
  readonly executor?: string | undefined;
  readonly notify?: string | undefined;
}

interface Work extends Asked {
  readonly path: readonly string[];
  /** Under which it says who is told. */
  readonly key: string;
}

function workAt(section: string, name: string, { executor, notify }: Asked): Work {
  return { path: [section, name], key: 'notify', executor, notify };
}

/** Said as warnings: an agent may be configured, and Telegram connected, later. */
export function findLooseNames(file: FileContent): readonly Finding[] {
  const { heartbeat, digest } = file;
  const ofHeartbeat = {
    path: ['heartbeat'],
    key: 'to',
    executor: heartbeat?.executor,
    notify: heartbeat?.to,
  };
  const works: Work[] = [
    ofHeartbeat,
    ...Object.entries(file.schedules ?? {}).map(([name, work]) => workAt('schedules', name, work)),
    ...Object.entries(file.webhooks ?? {}).map(([name, work]) => workAt('webhooks', name, work)),
  ];
  const told = [
    ...(digest === undefined ? [] : [{ path: ['digest', 'to'], target: digest.to }]),
    ...works.map(({ path, key, notify }) => ({ path: [...path, key], target: notify })),
  ];
  const known = [...new Set(['shell', ...agentKinds, ...Object.keys(file.executors ?? {})])];
  return [
    ...told
      .filter(
        ({ target }) => file.telegram === undefined && parseTarget(target ?? '')?.channel === 'telegram',
      )
      .map(({ path }): Finding => ({
        path,
        at: 'value',
        message: 'is a chat of Telegram, which is not configured; `telegram` is missing',
      })),
    ...works
      .filter(({ executor }) => executor !== undefined && !known.includes(executor))
      .map(({ path, executor }): Finding => ({
        path: [...path, 'executor'],
        at: 'value',
        message: `${JSON.stringify(executor)} is not an executor; there are ${known.join(', ')}`,
      })),
  ];
}
