// Errors of requests: the guards in the order in which they stand, then what can stop an intake.

import type { ErrorEntry } from './error-entry.ts';

export const requestErrors = {
  HOMER_HOST_REFUSED: {
    status: 421,
    exit: 1,
    title: 'This host name is not answered',
    hint: 'Use 127.0.0.1 or localhost, or add the name to `hosts` in config.yaml.',
  },
  HOMER_ORIGIN_REFUSED: {
    status: 403,
    exit: 1,
    title: 'Requests from other web pages are refused',
    hint: 'Call Homer from its own page or from a program, not from another site.',
  },
  HOMER_TOKEN_MISSING: {
    status: 401,
    exit: 1,
    title: 'A token is needed',
    hint: 'Send `Authorization: Bearer` with the content of the file `token` in the state directory.',
  },
  HOMER_TOKEN_WRONG: {
    status: 401,
    exit: 1,
    title: 'The token is not valid',
    hint: 'Read the file `token` in the state directory again; it may have been replaced.',
  },
  HOMER_RUN_ENDED: {
    status: 401,
    exit: 1,
    title: 'The run that this token was made for has ended',
    hint: 'Nothing: a run may call Homer only while it lives.',
  },
  HOMER_SCOPE_MISSING: {
    status: 403,
    exit: 1,
    title: 'The token may not do this',
    hint: 'Use a token with the scope that is named.',
  },
  HOMER_OTHERS_JOB: {
    status: 403,
    exit: 1,
    title: 'A run may only use its own job and those under it',
    hint: 'Name the job in HOMER_JOB_ID or one that was made under it.',
  },
  HOMER_CONTENT_TYPE: {
    status: 415,
    exit: 1,
    title: 'The body must be JSON',
    hint: 'Send `Content-Type: application/json`.',
  },
  HOMER_BODY_TOO_LARGE: {
    status: 413,
    exit: 1,
    title: 'The body is too large',
    hint: 'Put large input into a file and name it in the prompt.',
  },
  HOMER_INPUT_INVALID: {
    status: 400,
    exit: 2,
    title: 'The request is not valid',
    hint: 'Mend the fields that are named; /openapi.json describes them.',
  },
  HOMER_RATE_LIMITED: {
    status: 429,
    exit: 1,
    title: 'Too many requests',
    hint: 'Wait for the time in Retry-After.',
  },
  HOMER_ROUTE_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is nothing at this address',
    hint: '/openapi.json lists every operation.',
  },
  HOMER_INTERNAL: {
    status: 500,
    exit: 1,
    title: 'Homer failed at this request',
    hint: 'Look in logs/daemon.log for the id that is named here.',
  },

  // What can stop an intake
  HOMER_STARTING: { status: 503, exit: 1, title: 'Homer is starting', hint: 'Try again in a second.' },
  HOMER_DRAINING: { status: 503, exit: 1, title: 'Homer is stopping', hint: 'Try again when it is back.' },
  HOMER_DISK_FULL: {
    status: 507,
    exit: 1,
    title: 'The disk is full, nothing was accepted',
    hint: 'Free some space; Homer goes on by itself.',
  },
  HOMER_READ_ONLY: {
    status: 503,
    exit: 1,
    title: 'The disk is read-only, nothing was accepted',
    hint: 'Make it writable; Homer goes on by itself.',
  },
  HOMER_LANE_UNKNOWN: {
    status: 400,
    exit: 2,
    title: 'There is no such lane',
    hint: 'Use one of the lanes that are named, or add it under `lanes` in config.yaml.',
  },
  HOMER_EXECUTOR_UNKNOWN: {
    status: 400,
    exit: 2,
    title: 'There is no such executor',
    hint: 'Use one of those that are named, or add it under `executors` in config.yaml. An agent installed since Homer was started, where its PATH did not lead: `homer restart`.',
  },
  HOMER_EXECUTOR_NONE: {
    status: 400,
    exit: 2,
    title: 'No agent CLI was found',
    hint: 'Install one, for example `npm i -g @anthropic-ai/claude-code`, and sign in; `homer run -x shell "…"` works without any. Homer looks where its PATH led when it was started: if you have one elsewhere, `homer restart`.',
  },
  HOMER_EXECUTOR_REFUSED: {
    status: 403,
    exit: 1,
    title: 'This executor is for the owner only',
    hint: 'Name it under `executors` in config.yaml to allow it for others.',
  },
  HOMER_PARENT_ENDED: {
    status: 409,
    exit: 1,
    title: 'This job takes no more children',
    hint: 'A job may have children until it has ended or was told to end.',
  },
  HOMER_SUBAGENT_LIMIT: {
    status: 409,
    exit: 1,
    title: 'There may be no more jobs under this one',
    hint: 'Do the work in the jobs there are, or raise `subagents` in config.yaml.',
  },
  HOMER_PROMPT_UNUSABLE: {
    status: 400,
    exit: 2,
    title: 'This prompt cannot be handed to the executor',
    hint: 'Arguments hold at most 128 KiB and no NUL; use `input: stdin` for the executor, or a file.',
  },
  HOMER_WORKTREE_REFUSED: {
    status: 400,
    exit: 2,
    title: 'There is no git repository to make a worktree of',
    hint: 'Choose a directory in a git repository (-C DIR), or leave out --worktree.',
  },
  HOMER_CWD_REFUSED: {
    status: 400,
    exit: 2,
    title: 'The job may not work in this directory',
    hint: 'Use an existing directory inside `roots` of config.yaml.',
  },
  HOMER_KEY_REUSED: {
    status: 409,
    exit: 1,
    title: 'This idempotency key was used for another request',
    hint: 'Use a new key for new work.',
  },
  HOMER_JOB_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such job',
    hint: '`homer jobs` lists them.',
  },
  HOMER_RUN_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such run',
    hint: '`homer job ID` lists the runs of a job.',
  },
  HOMER_JOB_ENDED: {
    status: 409,
    exit: 1,
    title: 'The job has already ended',
    hint: 'Nothing is left to do; `homer retry ID` runs a failed or cancelled job again.',
  },
  HOMER_JOB_NOT_ENDED: {
    status: 409,
    exit: 1,
    title: 'The job has not ended',
    hint: 'Wait for it, or cancel it first.',
  },
  HOMER_APPROVAL_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such approval',
    hint: '`homer approvals` lists what is asked; a job may ask nothing, or several things at once.',
  },
  HOMER_APPROVAL_ANSWERED: {
    status: 409,
    exit: 1,
    title: 'This was answered before, and otherwise',
    hint: 'The first answer counts; `homer cancel` ends the job if it was wrong.',
  },
  HOMER_APPROVAL_EXPIRED: {
    status: 410,
    exit: 1,
    title: 'This was not answered in time, so the agent was told no',
    hint: 'Run the task again if it matters; `approvals.expiry` in config.yaml is how long an answer is waited for.',
  },
  HOMER_APPROVAL_VOID: {
    status: 410,
    exit: 1,
    title: 'Nobody waits for this answer any more',
    hint: 'Nothing was allowed by it. `homer job ID` shows what became of the job; what it still needs, it asks anew.',
  },
  HOMER_NOT_HELD: { status: 409, exit: 1, title: 'Homer is not held', hint: 'Nothing needs to be released.' },
  HOMER_FENCED: {
    status: 409,
    exit: 1,
    title: 'This claim is no longer the current one',
    hint: 'Nothing: a newer claim owns the job, and the late report was dropped.',
  },
  HOMER_MOVE_REFUSED: {
    status: 409,
    exit: 1,
    title: 'A job cannot go from this state to that one',
    hint: 'docs/states.md draws the legal moves.',
  },

  HOMER_SAFE_MODE: {
    status: null,
    exit: null,
    title: 'Homer crashed several times and starts its work later',
    hint: 'Read the end of logs/daemon.log; nothing is lost meanwhile.',
  },
} as const satisfies Record<string, ErrorEntry>;
