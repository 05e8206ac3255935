// Where the operations on the configuration, conversations, runs, channels, logs and presence are found.

import type { Route } from './routes.ts';

export const controlRoutes = {
  'config.get': {
    method: 'GET',
    path: '/api/v1/config',
    scope: 'read',
    summary: 'The configuration in force, without secrets; its text too for a token with the scope "admin"',
  },
  'config.schema': {
    method: 'GET',
    path: '/api/v1/config/schema',
    scope: 'read',
    summary: 'The JSON Schema of config.yaml',
  },
  'config.validate': {
    method: 'POST',
    path: '/api/v1/config/validate',
    scope: 'read',
    summary:
      'What is wrong with a text for config.yaml, or with changes of the one there is; nothing is written',
    mutates: false,
  },
  'config.set': {
    method: 'PATCH',
    path: '/api/v1/config',
    scope: 'operate',
    summary:
      'Change config.yaml; what names programs, addresses, rights or secrets needs "admin" and a confirmation',
  },
  'sessions.history': {
    method: 'GET',
    path: '/api/v1/sessions/:id/history',
    scope: 'read',
    summary: 'What was said in a session, newest first',
  },
  'sessions.send': {
    method: 'POST',
    path: '/api/v1/sessions/:id/messages',
    scope: 'operate',
    summary: 'Say something in a session: a job that is its next turn',
    headers: { 'idempotency-key': 'key' },
  },
  'runs.get': {
    method: 'GET',
    path: '/api/v1/runs/:id',
    scope: 'read',
    summary: 'One run; what it said is its stream',
  },
  'channels.list': {
    method: 'GET',
    path: '/api/v1/channels',
    scope: 'read',
    summary: 'The ways in and out for messages, and how they are',
  },
  'logs.tail': {
    method: 'GET',
    path: '/api/v1/logs',
    scope: 'admin',
    summary: 'The end of the log of the daemon, oldest first',
  },
  'daemon.examine': {
    method: 'GET',
    path: '/api/v1/doctor',
    scope: 'admin',
    summary: 'What `homer doctor` asks: the problems of the daemon, and the state of its ledger in numbers',
  },
  'presence.list': {
    method: 'GET',
    path: '/api/v1/presence',
    scope: 'read',
    summary: 'Who is connected for longer than a request: as what, since when, last seen',
  },
} as const satisfies Record<string, Route>;
