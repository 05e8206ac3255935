// The one catalogue of errors. Every code a person or a script can meet is named here, with what it
// means and what to do; docs/errors.md is held to this list both ways by a test.

/** HTTP status (null: never sent over HTTP) and process exit code (null: never ends a process). */
interface Entry {
  readonly status: number | null;
  readonly exit: number | null;
  readonly title: string;
  readonly hint: string;
}

export const catalogue = {
  // One instance
  HOMER_LOCK_HELD: {
    status: null,
    exit: 75,
    title: 'Another Homer holds this state directory',
    hint: 'Use the one that runs (`homer status`), stop it (`homer stop`), or choose another --home.',
  },
  HOMER_LOCK_UNAVAILABLE: {
    status: null,
    exit: 1,
    title: 'The state directory cannot be locked',
    hint: 'Install util-linux (flock) and keep the state directory on a local file system.',
  },
  HOMER_PORT_TAKEN: {
    status: null,
    exit: 78,
    title: 'Another program listens on the port',
    hint: 'Stop that program, or set `port` in config.yaml (or HOMER_PORT) to a free one.',
  },
  HOMER_HOME_UNUSABLE: {
    status: null,
    exit: 78,
    title: 'The state directory cannot be used',
    hint: 'Make it a directory that you own and can write to, or choose another with --home.',
  },
  HOMER_HOME_REPLACED: {
    status: null,
    exit: 1,
    title: 'The state directory was replaced while Homer ran',
    hint: 'Put the original directory back, or start Homer again on the new one.',
  },
  HOMER_CONFIG_INVALID: {
    status: 400,
    exit: 78,
    title: 'The configuration is not valid',
    hint: 'Mend the listed lines; `homer config schema` prints what may stand there.',
  },
  HOMER_LEDGER_NEWER: {
    status: null,
    exit: 78,
    title: 'The ledger was written by a newer Homer',
    hint: 'Install that version again, or restore a backup made before the upgrade.',
  },
  HOMER_LEDGER_BROKEN: {
    status: 500,
    exit: 1,
    title: 'The ledger cannot be read or written',
    hint: 'Check the disk (`dmesg`), then restore the newest file in backups/.',
  },
  HOMER_NOT_RUNNING: {
    status: null,
    exit: 3,
    title: 'Homer is not running',
    hint: 'Start it with `homer start`.',
  },
  HOMER_UNREACHABLE: {
    status: null,
    exit: 1,
    title: 'Homer runs but does not answer',
    hint: 'Look at the end of logs/daemon.log; `homer stop --now`, then `homer start`.',
  },
  HOMER_START_FAILED: {
    status: null,
    exit: 1,
    title: 'Homer did not become ready',
    hint: 'The last lines of its log are above; the whole is in logs/daemon.log.',
  },
  HOMER_USAGE: {
    status: null,
    exit: 2,
    title: 'The command line cannot be understood',
    hint: 'See `homer --help`.',
  },

  // Guards, in the order in which they stand
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
  HOMER_SCOPE_MISSING: {
    status: 403,
    exit: 1,
    title: 'The token may not do this',
    hint: 'Use a token with the scope that is named.',
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
    hint: 'Use one of those that are named, or add it under `executors` in config.yaml.',
  },
  HOMER_EXECUTOR_NONE: {
    status: 400,
    exit: 2,
    title: 'No agent CLI was found',
    hint: 'Install one, for example `npm i -g @anthropic-ai/claude-code`, and sign in; `homer run -x shell "…"` works without any.',
  },
  HOMER_EXECUTOR_REFUSED: {
    status: 403,
    exit: 1,
    title: 'This executor is for the owner only',
    hint: 'Name it under `executors` in config.yaml to allow it for others.',
  },
  HOMER_PROMPT_UNUSABLE: {
    status: 400,
    exit: 2,
    title: 'This prompt cannot be handed to the executor',
    hint: 'Arguments hold at most 128 KiB and no NUL; use `input: stdin` for the executor, or a file.',
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

  // Why a job failed, waits or is parked
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
    hint: 'Raise `stallMs` of the executor if it needs long silence, then `homer retry ID`.',
  },
  HOMER_TIMED_OUT: {
    status: null,
    exit: null,
    title: 'The run reached its time limit and was ended',
    hint: 'Give the job a larger `timeoutMs`, then `homer retry ID`.',
  },
  HOMER_OUTPUT_LIMIT: {
    status: null,
    exit: null,
    title: 'The run wrote too much and was ended',
    hint: 'Write large output to a file, or raise `outputLimit` of the executor.',
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
    hint: 'Nothing: Homer goes on when the limit is reset.',
  },
  HOMER_OFFLINE: {
    status: null,
    exit: null,
    title: 'The service of the agent cannot be reached',
    hint: 'Nothing: Homer tries again by itself.',
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
    title: 'The budget of the run is used up',
    hint: 'Raise the budget of the executor, then `homer retry ID`.',
  },
  HOMER_MAX_TURNS: {
    status: null,
    exit: null,
    title: 'The agent used all its turns',
    hint: 'Raise the turns of the executor or split the task, then `homer retry ID`.',
  },
  HOMER_DENIED: {
    status: null,
    exit: null,
    title: 'A tool the agent needed was denied',
    hint: 'Widen `permissions` of the executor in config.yaml, then `homer retry ID`.',
  },
  HOMER_CANCELLED: {
    status: null,
    exit: null,
    title: 'The job was cancelled',
    hint: '`homer retry ID` runs it again.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

/** The part of an error that is stored with a job and shown to people. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** What happened, under a code of the catalogue; `detail` is one sentence, `cause` is kept for the log. */
export class HomerError extends Error {
  override readonly name = 'HomerError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { hint?: string; cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? catalogue[code].hint;
    this.details = options.details ?? {};
  }

  get title(): string {
    return catalogue[this.code].title;
  }
}

export function isHomerError(value: unknown, code?: ErrorCode): value is HomerError {
  return value instanceof HomerError && (code === undefined || value.code === code);
}

/** A problem to store with a job: the catalogue's hint with the job's id put in. */
export function problem(code: ErrorCode, jobId: string, message?: string): Problem {
  const entry = catalogue[code];
  return {
    code,
    message: message === undefined || message === '' ? entry.title : message,
    hint: entry.hint.replaceAll(' ID', ` ${jobId}`),
  };
}

/** The message of anything thrown, for a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
