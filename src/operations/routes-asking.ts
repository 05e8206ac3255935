// Where the operations are found with which agents speak to persons: questions, their answers, and messages.

import type { Route } from './routes.ts';

export const askingRoutes = {
  'questions.ask': {
    method: 'POST',
    path: '/api/v1/questions',
    scope: 'operate',
    summary: 'Ask a person something in words; the same question of the same job is asked once',
    forRuns: true,
    headers: { 'idempotency-key': 'key' },
  },
  'questions.list': {
    method: 'GET',
    path: '/api/v1/questions',
    scope: 'read',
    summary: 'What agents ask in words, and the answers, newest first',
    forRuns: true,
  },
  'questions.get': {
    method: 'GET',
    path: '/api/v1/questions/:id',
    scope: 'read',
    summary: 'One question and its answer',
    forRuns: true,
  },
  'questions.wait': {
    method: 'GET',
    path: '/api/v1/questions/:id/wait',
    scope: 'read',
    summary: 'Answered when a person has answered the question, or at the timeout',
    forRuns: true,
  },
  'questions.answer': {
    method: 'POST',
    path: '/api/v1/questions/:id/answer',
    scope: 'operate',
    summary: 'Answer a question of an agent; the first answer counts',
  },
  'messages.send': {
    method: 'POST',
    path: '/api/v1/messages',
    scope: 'operate',
    summary: 'Say something to a person: a run to the chat of its own session, anybody else to the one named',
    forRuns: true,
    headers: { 'idempotency-key': 'key' },
  },
} as const satisfies Record<string, Route>;
