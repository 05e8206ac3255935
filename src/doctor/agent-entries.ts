// What is looked at of each executor and each agent CLI. They are listed under the executor's name, not under one of these.

import type { CheckEntry } from './check.ts';

const about = 'executors';

export type AgentCheck =
  | 'agent-program'
  | 'agent-answers'
  | 'agent-version'
  | 'agent-node'
  | 'agent-sign-in'
  | 'agent-secrets'
  | 'agent-sandbox'
  | 'agent-memory';

export const agentEntries: Readonly<Record<AgentCheck, CheckEntry>> = {
  'agent-program': {
    id: 'agent-program',
    about,
    severity: 'problem',
    why: 'An executor whose program is not found fails every job that is given to it.',
  },
  'agent-answers': {
    id: 'agent-answers',
    about,
    severity: 'problem',
    why: 'A program that cannot even tell its version will do no work.',
  },
  'agent-version': {
    id: 'agent-version',
    about,
    severity: 'note',
    why: 'Agents change what they write from version to version; another one than was tried may be misread.',
  },
  'agent-node': {
    id: 'agent-node',
    about,
    severity: 'problem',
    why: 'npm quietly installs agents under a Node that is too old for them, and they fail in the middle of work.',
  },
  'agent-sign-in': {
    id: 'agent-sign-in',
    about,
    severity: 'problem',
    why: 'An agent that is not signed in answers every job with a refusal.',
  },
  'agent-secrets': {
    id: 'agent-secrets',
    about,
    severity: 'problem',
    why: 'A run whose secret is missing is parked until it is there.',
  },
  'agent-sandbox': {
    id: 'agent-sandbox',
    about,
    severity: 'problem',
    security: true,
    why: 'An executor that asks for a sandbox is not started without one.',
  },
  'agent-memory': {
    id: 'agent-memory',
    about,
    severity: 'problem',
    why: 'A limit of memory that cannot be kept is refused rather than forgotten.',
  },
};
