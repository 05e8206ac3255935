// Where the operations on schedules and reminders are found.

import type { Route } from './routes.ts';

export const scheduleRoutes = {
  'schedules.list': {
    method: 'GET',
    path: '/api/v1/schedules',
    scope: 'read',
    summary: 'Schedules with their next five times',
    forRuns: true,
  },
  'schedules.create': {
    method: 'POST',
    path: '/api/v1/schedules',
    scope: 'operate',
    summary: 'Make a schedule: at a time, every so often, or by a cron expression',
    forRuns: true,
    headers: { 'idempotency-key': 'key' },
  },
  'schedules.get': {
    method: 'GET',
    path: '/api/v1/schedules/:id',
    scope: 'read',
    summary: 'One schedule, by id or name',
    forRuns: true,
  },
  'schedules.change': {
    method: 'PATCH',
    path: '/api/v1/schedules/:id',
    scope: 'operate',
    summary: 'Change a schedule that was made at run time; its history stays',
  },
  'schedules.remove': {
    method: 'DELETE',
    path: '/api/v1/schedules/:id',
    scope: 'operate',
    summary: 'Remove a schedule that was made at run time; jobs it has made go on',
    forRuns: true,
  },
  'schedules.pause': {
    method: 'POST',
    path: '/api/v1/schedules/:id/pause',
    scope: 'operate',
    summary: 'Let a schedule fire no more, also after a restart',
    forRuns: true,
  },
  'schedules.resume': {
    method: 'POST',
    path: '/api/v1/schedules/:id/resume',
    scope: 'operate',
    summary: 'Let a paused schedule fire again; what was due meanwhile is not caught up',
    forRuns: true,
  },
  'schedules.run': {
    method: 'POST',
    path: '/api/v1/schedules/:id/run',
    scope: 'operate',
    summary: 'Let a schedule fire now, beside its due times',
  },
  'schedules.occurrences': {
    method: 'GET',
    path: '/api/v1/schedules/:id/occurrences',
    scope: 'read',
    summary: 'What became of every due time, newest first',
  },
  'reminders.create': {
    method: 'POST',
    path: '/api/v1/reminders',
    scope: 'operate',
    summary: 'Make a reminder from a phrase such as "tomorrow at 9am to call Bob"',
    forRuns: true,
    headers: { 'idempotency-key': 'key' },
  },
  'reminders.list': {
    method: 'GET',
    path: '/api/v1/reminders',
    scope: 'read',
    summary: 'Reminders that are to come or were not seen yet',
    forRuns: true,
  },
  'reminders.remove': {
    method: 'DELETE',
    path: '/api/v1/reminders/:id',
    scope: 'operate',
    summary: 'Take a reminder back',
    forRuns: true,
  },
  'reminders.seen': {
    method: 'POST',
    path: '/api/v1/reminders/seen',
    scope: 'operate',
    summary: 'Say that messages of reminders were seen: of one, or all',
  },
} as const satisfies Record<string, Route>;
