// Where each operation is found and who may ask for it. Apart from the operations themselves, so that the command
// line knows the addresses without loading schemas and handlers.

import type { Scope } from '../core/scope.ts';
import { askingRoutes } from './routes-asking.ts';
import { alertRoutes } from './routes-alerts.ts';
import { canvasRoutes } from './routes-canvas.ts';
import { backupRoutes } from './routes-backups.ts';
import { controlRoutes } from './routes-control.ts';
import { scheduleRoutes } from './routes-schedules.ts';
import { tokenRoutes } from './routes-tokens.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly scope: Scope;
  readonly summary: string;
  /** Input fields that come from request headers: header (lower case) to field. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it changes something and is written into the audit; everything but GET unless said otherwise. */
  readonly mutates?: boolean;
  /** A run may ask for it with its own token; the operation sees to it that the job is the run's to touch. */
  readonly forRuns?: true;
  /** The largest body, where it is not what holds for all. */
  readonly bodyBytes?: number;
}

export const routes = {
  ...scheduleRoutes,
  ...askingRoutes,
  ...alertRoutes,
  ...canvasRoutes,
  ...backupRoutes,
  ...tokenRoutes,
  ...controlRoutes,
  'jobs.create': {
    method: 'POST',
    path: '/api/v1/jobs',
    scope: 'operate',
    summary: 'Accept a job; answered once it is on disk',
    forRuns: true,
    headers: { 'idempotency-key': 'key' },
  },
  'jobs.list': {
    method: 'GET',
    path: '/api/v1/jobs',
    scope: 'read',
    summary: 'List jobs, newest first',
    forRuns: true,
  },
  'jobs.get': {
    method: 'GET',
    path: '/api/v1/jobs/:id',
    scope: 'read',
    summary: 'One job with its runs',
    forRuns: true,
  },
  'jobs.wait': {
    method: 'GET',
    path: '/api/v1/jobs/:id/wait',
    scope: 'read',
    summary: 'Answered when a job, or all its children, have ended, or at the timeout',
    forRuns: true,
  },
  'jobs.cancel': {
    method: 'POST',
    path: '/api/v1/jobs/:id/cancel',
    scope: 'operate',
    summary: 'Cancel a job, also a running one, and all under it',
    forRuns: true,
  },
  'jobs.retry': {
    method: 'POST',
    path: '/api/v1/jobs/:id/retry',
    scope: 'operate',
    summary: 'Run a failed, cancelled or waiting job again',
  },
  'jobs.seen': {
    method: 'POST',
    path: '/api/v1/jobs/seen',
    scope: 'operate',
    summary: 'Take a failed job, or all of them, off the list of what needs a person; it may fail anew',
  },
  'jobs.trace': {
    method: 'GET',
    path: '/api/v1/jobs/:id/trace',
    scope: 'read',
    summary: 'The way of a job, step by step: received, queued, running, answered, delivered',
    forRuns: true,
  },
  'deliveries.list': {
    method: 'GET',
    path: '/api/v1/deliveries',
    scope: 'read',
    summary: 'What was said to whom, newest first; state=unknown and state=dead need a person',
  },
  'deliveries.get': {
    method: 'GET',
    path: '/api/v1/deliveries/:id',
    scope: 'read',
    summary: 'One delivery',
  },
  'deliveries.retry': {
    method: 'POST',
    path: '/api/v1/deliveries/:id/retry',
    scope: 'operate',
    summary: 'Send a delivery again that is unknown, dead or dropped, or waits for its next attempt',
  },
  'deliveries.drop': {
    method: 'POST',
    path: '/api/v1/deliveries/:id/drop',
    scope: 'operate',
    summary: 'Give a delivery up',
  },
  'digest.get': {
    method: 'GET',
    path: '/api/v1/digest',
    scope: 'read',
    summary: 'What ran, failed, was missed, was cut off and waits, and what restarted and why, since a time',
  },
  'telegram.show': {
    method: 'GET',
    path: '/api/v1/telegram',
    scope: 'read',
    summary: 'How the connection with Telegram is, and who is paired',
  },
  'telegram.pair': {
    method: 'POST',
    path: '/api/v1/telegram/pair',
    scope: 'admin',
    summary: 'A code that pairs whoever sends it to the bot, once, within ten minutes',
  },
  'telegram.unpair': {
    method: 'POST',
    path: '/api/v1/telegram/unpair',
    scope: 'admin',
    summary: 'Take the right to talk to Homer from a paired person',
  },
  'approvals.list': {
    method: 'GET',
    path: '/api/v1/approvals',
    scope: 'read',
    summary: 'What agents ask and asked, newest first',
  },
  'approvals.get': {
    method: 'GET',
    path: '/api/v1/approvals/:id',
    scope: 'read',
    summary: 'One question of an agent, and what became of it',
  },
  'approvals.allow': {
    method: 'POST',
    path: '/api/v1/approvals/:id/allow',
    scope: 'operate',
    summary: 'Let the agent use the tool: once, or with the same command (else at all) for the session',
  },
  'approvals.deny': {
    method: 'POST',
    path: '/api/v1/approvals/:id/deny',
    scope: 'operate',
    summary: 'Tell the agent no; it goes on without',
  },
  'lanes.list': {
    method: 'GET',
    path: '/api/v1/lanes',
    scope: 'read',
    summary: 'Lanes with their limits and depth',
  },
  'lanes.pause': {
    method: 'POST',
    path: '/api/v1/lanes/:lane/pause',
    scope: 'operate',
    summary: 'Start no more jobs of a lane, also after a restart',
  },
  'lanes.resume': {
    method: 'POST',
    path: '/api/v1/lanes/:lane/resume',
    scope: 'operate',
    summary: 'Start jobs of a paused lane again',
  },
  'workers.list': {
    method: 'GET',
    path: '/api/v1/workers',
    scope: 'read',
    summary:
      'Hosts that run jobs: this one and workers elsewhere, with lanes, load and when they were last seen',
  },
  'workers.add': {
    method: 'POST',
    path: '/api/v1/workers',
    scope: 'admin',
    summary: 'Let a worker on another host in; the answer is the one time its token is told',
  },
  'workers.remove': {
    method: 'DELETE',
    path: '/api/v1/workers/:name',
    scope: 'admin',
    summary: 'Take the right to run jobs from a worker',
  },
  'spending.get': {
    method: 'GET',
    path: '/api/v1/spending',
    scope: 'read',
    summary: 'What a day (today unless given) cost by lane and executor, and what is left of its budgets',
  },
  'executors.list': {
    method: 'GET',
    path: '/api/v1/executors',
    scope: 'read',
    summary: 'Executors, configured and found',
  },
  'sessions.list': {
    method: 'GET',
    path: '/api/v1/sessions',
    scope: 'read',
    summary: 'List sessions, the one used last first; ended ones with ended=true',
  },
  'sessions.get': {
    method: 'GET',
    path: '/api/v1/sessions/:id',
    scope: 'read',
    summary: 'One session, by id or name',
  },
  'sessions.create': {
    method: 'POST',
    path: '/api/v1/sessions',
    scope: 'operate',
    summary: 'Make a session; a job for an unknown name makes one too',
  },
  'sessions.reset': {
    method: 'POST',
    path: '/api/v1/sessions/:id/reset',
    scope: 'operate',
    summary: 'Begin a fresh conversation under the same name',
  },
  'sessions.stop': {
    method: 'POST',
    path: '/api/v1/sessions/:id/stop',
    scope: 'operate',
    summary: 'Cancel the turns of a session and end it',
  },
  'sessions.fork': {
    method: 'POST',
    path: '/api/v1/sessions/:id/fork',
    scope: 'operate',
    summary: 'Make a session that goes on from where this one is',
  },
  'sessions.terminal': {
    method: 'GET',
    path: '/api/v1/sessions/:id/terminal',
    scope: 'read',
    summary: "The command that goes on in the session with the agent's own screen",
  },
  'webhooks.list': {
    method: 'GET',
    path: '/api/v1/webhooks',
    scope: 'read',
    summary: 'Webhooks with their addresses, whether they are answered, and what came of them',
  },
  'webhooks.test': {
    method: 'POST',
    path: '/api/v1/webhooks/:name/test',
    scope: 'operate',
    summary: 'Send a signed sample to a webhook, through all that a real delivery goes through',
  },
  'webhooks.rotate': {
    method: 'POST',
    path: '/api/v1/webhooks/:name/rotate',
    scope: 'admin',
    summary:
      'Make a new secret for a webhook whose secret Homer keeps; the answer is the one time it is told',
  },
  'skills.list': {
    method: 'GET',
    path: '/api/v1/skills',
    scope: 'read',
    summary: 'Skills for work anywhere, or the snapshot that a session has; session=NAME',
  },
  'daemon.status': {
    method: 'GET',
    path: '/api/v1/status',
    scope: 'read',
    summary: 'What runs, what needs a person, what comes next',
  },
  'daemon.release': {
    method: 'POST',
    path: '/api/v1/resume',
    scope: 'admin',
    summary: 'Release a held daemon',
  },
  'daemon.stop': {
    method: 'POST',
    path: '/api/v1/stop',
    scope: 'admin',
    summary: 'Drain and stop the daemon',
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
