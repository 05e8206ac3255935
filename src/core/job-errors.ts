// Why a job failed, waits or is parked.

import type { ErrorEntry } from './error-entry.ts';

export const jobErrors = {
  HOMER_AGENT_ERROR: {
    status: null,
    exit: null,
    title: 'The agent reported an error',
    hint: 'Read the message, then `homer retry ID`.',
  },
  HOMER_STALLED: {
    status: null,
    exit: null,
    title: 'The agent said nothing for too long and was ended',
    hint: 'Raise `stallMs` of the executor (`toolMs` where a tool is named) if it needs long silence, then `homer retry ID`.',
  },
  HOMER_TIMED_OUT: {
    status: null,
    exit: null,
    title: 'The run reached its time limit and was ended',
    hint: 'Run it again with more time: `homer run --timeout 2h …` (`timeoutMs` over HTTP).',
  },
  HOMER_OUTPUT_LIMIT: {
    status: null,
    exit: null,
    title: 'The run wrote too much and was ended',
    hint: 'Write large output to a file, or raise `outputLimit` of the executor.',
  },
  HOMER_MEMORY_LIMIT: {
    status: null,
    exit: null,
    title: 'The run took too much memory and was ended',
    hint: 'Raise `memoryMb` of the executor or split the task, then `homer retry ID`.',
  },
  HOMER_CONTAINMENT_MISSING: {
    status: null,
    exit: null,
    title: 'What should contain the agent cannot be had here, so it was not started',
    hint: 'Do what `homer doctor` says, or change `sandbox` or `memoryMb` of the executor, then `homer retry ID`.',
  },
  HOMER_SPAWN_FAILED: {
    status: null,
    exit: null,
    title: 'The program could not be started',
    hint: 'Check that it is installed and on the PATH of the daemon, then `homer retry ID`.',
  },
  HOMER_INTERRUPTED: {
    status: null,
    exit: null,
    title: 'The run was interrupted',
    hint: '`homer retry ID` runs it again.',
  },
  HOMER_LOST: {
    status: null,
    exit: null,
    title: 'The run was killed or crashed',
    hint: 'Look at memory and `homer logs ID`, then `homer retry ID`.',
  },
  HOMER_EFFECT_UNKNOWN: {
    status: null,
    exit: null,
    title: 'The command was cut off and may have taken effect',
    hint: 'Check what it did, then `homer retry ID` to run it again or `homer cancel ID` to drop it.',
  },
  HOMER_TREE_UNPROVEN: {
    status: null,
    exit: null,
    title: 'It cannot be proved that the old processes are gone',
    hint: 'End the processes that are named, then `homer retry ID`, or `homer cancel ID`.',
  },
  HOMER_HELD: {
    status: 409,
    exit: 1,
    title: 'The state directory was restored, copied or moved; its jobs are held',
    hint: '`homer resume` releases all, once no other copy runs.',
  },
  HOMER_USAGE_LIMIT: {
    status: null,
    exit: null,
    title: 'The usage limit of the agent is reached',
    hint: 'Homer goes on by itself when the limit is reset, or with the next of `fallback`; `homer retry ID` tries at once.',
  },
  HOMER_OFFLINE: {
    status: null,
    exit: null,
    title: 'The service of the agent cannot be reached',
    hint: 'Homer tries again by itself; nothing needs to be done.',
  },
  HOMER_SECRET_MISSING: {
    status: null,
    exit: null,
    title: 'A secret that the run needs is missing',
    hint: 'Provide what is named; Homer tries again by itself.',
  },
  HOMER_AUTH: {
    status: null,
    exit: null,
    title: 'The agent is not signed in',
    hint: "Sign in with the agent's own command or mend its key, then `homer retry ID`.",
  },
  HOMER_BUDGET: {
    status: null,
    exit: null,
    title: 'The tokens or money of the job are used up',
    hint: '`homer retry ID` goes on with as much again; or raise what is named: `maxTokens` or `maxBudgetUsd` of the executor, or what the job was given (`--max-tokens`, `--max-cost`).',
  },
  HOMER_DAY_BUDGET: {
    status: null,
    exit: null,
    title: "The day's budget is used up",
    hint: 'Homer goes on by itself when the next day begins; after raising `budget` in config.yaml `homer retry ID` goes on at once.',
  },
  HOMER_MAX_TURNS: {
    status: null,
    exit: null,
    title: 'The turns of the job are used up',
    hint: '`homer retry ID` goes on with as many again; or raise `maxTurns` of the executor or what the job was given (`--max-turns`), or split the task.',
  },
  HOMER_DENIED: {
    status: null,
    exit: null,
    title: 'A tool the agent needed was denied',
    hint: 'Allow it when the agent asks, or widen `permissions` of the executor in config.yaml; then `homer retry ID`.',
  },
  HOMER_APPROVAL_PENDING: {
    status: null,
    exit: null,
    title: 'The agent asks whether it may use a tool',
    hint: 'Answer with `homer approve ID` or `homer deny ID`; without an answer it is denied when it expires.',
  },
  HOMER_SESSION_LOST: {
    status: null,
    exit: null,
    title: 'The agent no longer has the session',
    hint: '`homer retry ID` begins a new one, with the record Homer has of the conversation; `homer cancel ID` drops the turn.',
  },
  HOMER_SESSION_BUSY: {
    status: null,
    exit: null,
    title: 'The session of the agent is in use elsewhere',
    hint: 'Close the agent that has it open in a terminal; Homer tries again by itself.',
  },
  HOMER_CANCELLED: {
    status: null,
    exit: null,
    title: 'The job was cancelled',
    hint: '`homer retry ID` runs it again.',
  },
  HOMER_JOB_PRUNED: {
    status: 410,
    exit: 1,
    title: 'The job is too old to be run again',
    hint: 'Send its task anew, under another key; `retention.jobs` in config.yaml says how long jobs are kept.',
  },
} as const satisfies Record<string, ErrorEntry>;
