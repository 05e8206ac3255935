// Made from the registry of operations by scripts/render-calls.ts: what each takes and gives. A test holds it to that;
// `npm test -- scripts/render-calls.test.ts -u` writes it anew.

export type LastOccurrence = { readonly scheduleId: string; readonly dueAt: string; readonly state: 'pending' | 'ran' | 'failed' | 'skipped' | 'missed' | 'delivery_failed'; readonly jobId: string | null; readonly reason: string | null; readonly decidedAt: string | null; readonly endedAt: string | null };
export type Schedule = { readonly id: string; readonly name: string; readonly kind: 'at' | 'every' | 'cron'; readonly spec: string; readonly timeZone: string; readonly catchUp: 'skip' | 'once' | 'all'; readonly catchUpWindowMs: number; readonly overlap: 'skip' | 'queue' | 'replace'; readonly jitterMs: number; readonly enabled: boolean; readonly pausedBy: 'person' | 'failures' | 'config' | null; readonly pauseAfter: number; readonly failures: number; readonly origin: 'file' | 'made' | 'reminder'; readonly source: string; readonly prompt: string; readonly lane: string | null; readonly executor: string | null; readonly session: string | null; readonly cwd: string | null; readonly notify: string | null; readonly activeHours: string | null; readonly quiet: string | null; readonly priority: number | null; readonly maxAttempts: number | null; readonly maxCrashes: number | null; readonly timeoutMs: number | null; readonly onInterrupt: 'resume' | 'ask' | 'retry' | 'fail' | null; readonly maxTurns: number | null; readonly maxTokens: number | null; readonly maxCostUsd: number | null; readonly fallback: readonly string[] | null; readonly createdAt: string | null; readonly nextAt: string | null; readonly next: readonly string[]; readonly lastOccurrence: LastOccurrence | null };
export type Reminder = { readonly id: string; readonly name: string; readonly kind: 'at' | 'every' | 'cron'; readonly spec: string; readonly timeZone: string; readonly catchUp: 'skip' | 'once' | 'all'; readonly catchUpWindowMs: number; readonly overlap: 'skip' | 'queue' | 'replace'; readonly jitterMs: number; readonly enabled: boolean; readonly pausedBy: 'person' | 'failures' | 'config' | null; readonly pauseAfter: number; readonly failures: number; readonly origin: 'file' | 'made' | 'reminder'; readonly source: string; readonly prompt: string; readonly lane: string | null; readonly executor: string | null; readonly session: string | null; readonly cwd: string | null; readonly notify: string | null; readonly activeHours: string | null; readonly quiet: string | null; readonly priority: number | null; readonly maxAttempts: number | null; readonly maxCrashes: number | null; readonly timeoutMs: number | null; readonly onInterrupt: 'resume' | 'ask' | 'retry' | 'fail' | null; readonly maxTurns: number | null; readonly maxTokens: number | null; readonly maxCostUsd: number | null; readonly fallback: readonly string[] | null; readonly createdAt: string | null; readonly nextAt: string | null; readonly next: readonly string[]; readonly lastOccurrence: LastOccurrence | null; readonly text: string; readonly does: boolean; readonly reading: string; readonly unseen: boolean };
export type Question = { readonly id: string; readonly jobId: string | null; readonly asker: string; readonly text: string; readonly choices: readonly string[]; readonly state: 'pending' | 'answered' | 'void'; readonly answer: string | null; readonly askedAt: string | null; readonly answeredBy: string | null; readonly endedAt: string | null };
export type Delivery = { readonly id: string; readonly state: 'pending' | 'sending' | 'delivered' | 'unknown' | 'dead' | 'dropped'; readonly kind: 'status' | 'result' | 'question' | 'text' | 'file'; readonly target: string; readonly jobId: string | null; readonly key: string; readonly text: string; readonly messageIds: readonly string[]; readonly attempts: number; readonly createdAt: string | null; readonly dueAt: string | null; readonly endedAt: string | null; readonly reason: string | null };
export type Alert = { readonly rule: 'queue-age' | 'failure-rate' | 'component-down' | 'missed-occurrence' | 'disk' | 'backup-age' | 'crash-loop' | 'budget' | 'executor-signed-out' | 'worker-lost' | 'loop-lag'; readonly subject: string; readonly state: 'pending' | 'firing' | 'clearing'; readonly since: string; readonly toldAt: string | null; readonly silenced: boolean; readonly text: string };
export type Silence = { readonly id: string; readonly rule: 'queue-age' | 'failure-rate' | 'component-down' | 'missed-occurrence' | 'disk' | 'backup-age' | 'crash-loop' | 'budget' | 'executor-signed-out' | 'worker-lost' | 'loop-lag'; readonly subject: string | null; readonly until: string };
export type Canvas = { readonly name: string; readonly url: string; readonly version: number; readonly updatedAt: string; readonly source: string; readonly bytes: number; readonly files: readonly ({ readonly path: string; readonly size: number; readonly type: string | null })[] };
export type Token = { readonly id: string; readonly kind: 'owner' | 'token' | 'browser'; readonly name: string; readonly scopes: readonly ('read' | 'chat' | 'operate' | 'admin')[]; readonly state: 'good' | 'expired' | 'revoked' | 'held'; readonly parent: string | null; readonly createdAt: string | null; readonly expiresAt: string | null; readonly lastUsedAt: string | null; readonly revokedAt: string | null };
export type Entry = { readonly at: string; readonly who: string; readonly whoName: string | null; readonly source: string; readonly what: string; readonly subject: string | null; readonly face: string; readonly peer: string; readonly result: string | null; readonly times: number };
export type Turn = { readonly jobId: string; readonly at: string; readonly endedAt: string | null; readonly state: 'scheduled' | 'queued' | 'running' | 'waiting' | 'parked' | 'succeeded' | 'failed' | 'cancelled'; readonly source: string; readonly prompt: string; readonly answer: string | null; readonly error: { readonly code: string; readonly message: string } | null };
export type Run = { readonly id: string; readonly state: 'starting' | 'running' | 'ended'; readonly verdict: 'done' | 'agent_error' | 'stalled' | 'timed_out' | 'output_limit' | 'memory_limit' | 'spawn_failed' | 'interrupted' | 'lost' | 'rate_limited' | 'offline' | 'secret_missing' | 'auth' | 'budget' | 'max_turns' | 'denied' | 'uncontained' | 'session_lost' | 'session_busy' | 'cancelled' | null; readonly startedAt: string | null; readonly endedAt: string | null; readonly agentSessionId: string | null; readonly workerId: string | null; readonly host: string | null; readonly executor: string | null; readonly exitCode: number | null };
export type Job = { readonly id: string; readonly state: 'scheduled' | 'queued' | 'running' | 'waiting' | 'parked' | 'succeeded' | 'failed' | 'cancelled'; readonly lane: string; readonly executor: string; readonly sessionId: string | null; readonly prompt: string; readonly cwd: string; readonly worktree: { readonly path: string; readonly head: string | null } | null; readonly key: string | null; readonly source: string; readonly priority: number; readonly createdAt: string | null; readonly queuedAt: string | null; readonly startedAt: string | null; readonly endedAt: string | null; readonly dueAt: string | null; readonly cancelRequestedAt: string | null; readonly attempts: number; readonly crashes: number; readonly maxAttempts: number; readonly maxCrashes: number; readonly maxTurns: number | null; readonly maxTokens: number | null; readonly maxCostUsd: number | null; readonly fallback: readonly string[]; readonly result: { readonly text: string; readonly data?: unknown } | null; readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null; readonly movedFrom: string | null; readonly parentId: string | null; readonly children: { readonly total: number; readonly ended: number }; readonly usage: { readonly inputTokens: number | null; readonly outputTokens: number | null; readonly costUsd: number | null; readonly turns: number | null }; readonly runs: readonly Run[] };
export type Run2 = { readonly id: string; readonly state: 'starting' | 'running' | 'ended'; readonly verdict: 'done' | 'agent_error' | 'stalled' | 'timed_out' | 'output_limit' | 'memory_limit' | 'spawn_failed' | 'interrupted' | 'lost' | 'rate_limited' | 'offline' | 'secret_missing' | 'auth' | 'budget' | 'max_turns' | 'denied' | 'uncontained' | 'session_lost' | 'session_busy' | 'cancelled' | null; readonly startedAt: string | null; readonly endedAt: string | null; readonly agentSessionId: string | null; readonly workerId: string | null; readonly host: string | null; readonly executor: string | null; readonly exitCode: number | null; readonly jobId: string; readonly lane: string };
export type Line = { readonly at: string | null; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string; readonly fields: Readonly<Record<string, unknown>> };
export type Schedule2 = { readonly name: string; readonly kind: string; readonly spec: string; readonly timeZone: string; readonly pausedBy: string | null; readonly failures: number; readonly nextAt: number | null };
export type Token2 = { readonly name: string; readonly scopes: readonly string[]; readonly createdAt: number; readonly lastUsedAt: number | null; readonly expiresAt: number | null };
export type Ledger = { readonly schema: number; readonly journal: string; readonly synchronous: number; readonly bytes: number; readonly isHeld: boolean; readonly lastEventAt: number | null; readonly missingIndices: readonly string[]; readonly boots: readonly ({ readonly startedAt: number; readonly endedAt: number | null; readonly ending: string | null })[]; readonly failedUnseen: number; readonly parked: readonly ({ readonly code: string | null; readonly jobs: number; readonly until: number | null })[]; readonly waiting: number; readonly waitingSince: number | null; readonly open: readonly ({ readonly lane: string; readonly executor: string; readonly jobs: number })[]; readonly openRuns: readonly ({ readonly id: string; readonly startedAt: number | null; readonly host: string | null })[]; readonly schedules: readonly Schedule2[]; readonly deliveries: { readonly unknown: number; readonly dead: number; readonly oldestPendingAt: number | null }; readonly tokens: readonly Token2[]; readonly workers: readonly ({ readonly name: string; readonly seenAt: number | null })[]; readonly pairedChats: number; readonly pausedLanes: readonly string[]; readonly oldestJobAt: number | null; readonly refused: number };
export type Present = { readonly id: string; readonly kind: 'websocket' | 'stream'; readonly tokenId: string; readonly scopes: readonly string[]; readonly client: string | null; readonly address: string; readonly topics: readonly string[]; readonly since: string; readonly lastSeen: string };
export type Job2 = { readonly id: string; readonly state: 'scheduled' | 'queued' | 'running' | 'waiting' | 'parked' | 'succeeded' | 'failed' | 'cancelled'; readonly endedAt: string | null };
export type Step = { readonly at: string; readonly what: 'received' | 'queued' | 'granted' | 'running' | 'asked' | 'answered' | 'run_ended' | 'succeeded' | 'failed' | 'cancelled' | 'delivered' | 'undelivered'; readonly detail: string };
export type Restart = { readonly at: string; readonly downSince: string | null; readonly cause: 'stopped' | 'update' | 'crashed' | 'killed' | 'host' | 'restored'; readonly detail: string | null; readonly version: string };
export type Succeeded = { readonly total: number; readonly newest: readonly ({ readonly jobId: string; readonly executor: string; readonly prompt: string; readonly endedAt: string; readonly message: string | null })[] };
export type Approval = { readonly id: string; readonly jobId: string; readonly runId: string; readonly sessionId: string | null; readonly tool: string; readonly input: unknown; readonly summary: string; readonly askedAt: string | null; readonly expiresAt: string | null; readonly state: 'pending' | 'answering' | 'allowed' | 'denied' | 'expired' | 'void'; readonly scope: 'once' | 'session' | null; readonly answeredAt: string | null; readonly answeredBy: string | null; readonly endedAt: string | null };
export type Lane = { readonly lane: string; readonly concurrency: number; readonly rate: { readonly count: number; readonly perMs: number } | null; readonly queued: number; readonly running: number; readonly paused: boolean; readonly closed: { readonly until: string; readonly why: string; readonly byUnknown: boolean } | null };
export type Worker = { readonly name: string | null; readonly state: 'up' | 'draining' | 'away' | 'new'; readonly host: string | null; readonly version: string | null; readonly lanes: readonly string[] | null; readonly labels: readonly string[]; readonly executors: readonly string[]; readonly running: number; readonly concurrency: number | null; readonly lastSeenAt: string | null };
export type Spending = { readonly lane: string; readonly executor: string; readonly runs: number; readonly turns: number | null; readonly tokens: number | null; readonly costUsd: number | null; readonly unknown: { readonly turns: number; readonly tokens: number; readonly costUsd: number } };
export type Total = { readonly runs: number; readonly turns: number | null; readonly tokens: number | null; readonly costUsd: number | null; readonly unknown: { readonly turns: number; readonly tokens: number; readonly costUsd: number } };
export type Budget = { readonly lane: string | null; readonly limit: { readonly turns: number | null; readonly tokens: number | null; readonly costUsd: number | null }; readonly used: { readonly turns: number | null; readonly tokens: number | null; readonly costUsd: number | null }; readonly unknown: 'count' | 'refuse'; readonly closed: { readonly until: string; readonly why: string } | null };
export type Executor = { readonly name: string; readonly kind: string; readonly bin: string; readonly configured: boolean; readonly isDefault: boolean; readonly input: 'argument' | 'stdin' };
export type Session = { readonly id: string; readonly name: string; readonly channel: string | null; readonly executor: string; readonly agentSessionId: string | null; readonly cwd: string; readonly snapshotId: string | null; readonly lane: string; readonly createdAt: string | null; readonly lastTurnAt: string | null; readonly state: 'idle' | 'queued' | 'running' | 'waiting' | 'ended'; readonly forkedFrom: string | null };
export type Webhook = { readonly name: string; readonly scheme: 'github' | 'stripe' | 'standard-webhooks' | 'bearer' | 'hmac'; readonly urls: readonly string[]; readonly secret: string; readonly mounted: boolean; readonly problem: string | null; readonly executor: string | null; readonly lane: string | null; readonly session: string | null; readonly events: readonly string[]; readonly jobs: number; readonly lastJobAt: string | null; readonly refused: number; readonly lastRefusal: { readonly code: string; readonly message: string; readonly at: string } | null };
export type Missing = { readonly bins: readonly string[]; readonly anyBins: readonly string[]; readonly env: readonly string[]; readonly config: readonly string[]; readonly os: readonly string[] };
export type Skill = { readonly name: string; readonly source: 'workspace' | 'workspace-agents' | 'user-agents' | 'managed' | 'claude' | 'bundled' | 'extra'; readonly path: string; readonly eligible: boolean; readonly disabled: boolean; readonly blockedByAllowlist: boolean; readonly modelVisible: boolean; readonly userInvocable: boolean; readonly missing: Missing };
export type Health = { readonly state: 'healthy' | 'degraded' | 'down'; readonly components: readonly ({ readonly name: string; readonly status: 'pass' | 'warn' | 'fail'; readonly detail: string | null; readonly value?: number; readonly unit?: string })[]; readonly metrics: { readonly uptime: number; readonly jobsProcessed: number; readonly jobsQueued: number; readonly lastHeartbeat: string } };
export type NeedsYou = { readonly jobId: string | null; readonly approvalId: string | null; readonly state: string; readonly code: string; readonly message: string; readonly hint: string; readonly questionId?: string; readonly deliveryId?: string; readonly expiresAt: string | null };
export type Notice = { readonly about: 'reminder' | 'schedule'; readonly id: string; readonly name: string; readonly at: string; readonly message: string; readonly hint: string };
export type Running = { readonly jobId: string; readonly lane: string; readonly executor: string; readonly prompt: string; readonly startedAt: string | null; readonly lastActivity: string | null };

/** Every operation of Homer. */
export interface Calls {
  /** Schedules with their next five times */
  'schedules.list': { input: Record<string, never>; output: { readonly schedules: readonly Schedule[] } };
  /** Make a schedule: at a time, every so often, or by a cron expression */
  'schedules.create': { input: { readonly name?: string; readonly kind: 'at' | 'every' | 'cron'; readonly spec: string; readonly prompt: string; readonly timeZone?: string; readonly catchUp?: 'skip' | 'once' | 'all'; readonly catchUpWindowMs?: number; readonly overlap?: 'skip' | 'queue' | 'replace'; readonly jitterMs?: number; readonly pauseAfter?: number; readonly enabled?: boolean; readonly activeHours?: string | null; readonly quiet?: string | null; readonly priority?: number | null; readonly maxAttempts?: number | null; readonly maxCrashes?: number | null; readonly timeoutMs?: number | null; readonly onInterrupt?: 'resume' | 'ask' | 'retry' | 'fail' | null; readonly maxTurns?: number | null; readonly maxTokens?: number | null; readonly maxCostUsd?: number | null; readonly fallback?: readonly string[] | null; readonly executor?: string | null; readonly lane?: string | null; readonly session?: string | null; readonly cwd?: string | null; readonly notify?: string | null; readonly key?: string }; output: { readonly schedule: Schedule } };
  /** One schedule, by id or name */
  'schedules.get': { input: { readonly id: string }; output: { readonly schedule: Schedule } };
  /** Change a schedule that was made at run time; its history stays */
  'schedules.change': { input: { readonly id: string; readonly name?: string; readonly kind?: 'at' | 'every' | 'cron'; readonly spec?: string; readonly prompt?: string; readonly timeZone?: string; readonly catchUp?: 'skip' | 'once' | 'all'; readonly catchUpWindowMs?: number; readonly overlap?: 'skip' | 'queue' | 'replace'; readonly jitterMs?: number; readonly pauseAfter?: number; readonly enabled?: boolean; readonly activeHours?: string | null; readonly quiet?: string | null; readonly priority?: number | null; readonly maxAttempts?: number | null; readonly maxCrashes?: number | null; readonly timeoutMs?: number | null; readonly onInterrupt?: 'resume' | 'ask' | 'retry' | 'fail' | null; readonly maxTurns?: number | null; readonly maxTokens?: number | null; readonly maxCostUsd?: number | null; readonly fallback?: readonly string[] | null; readonly executor?: string | null; readonly lane?: string | null; readonly session?: string | null; readonly cwd?: string | null; readonly notify?: string | null }; output: { readonly schedule: Schedule } };
  /** Remove a schedule that was made at run time; jobs it has made go on */
  'schedules.remove': { input: { readonly id: string }; output: { readonly schedule: Schedule } };
  /** Let a schedule fire no more, also after a restart */
  'schedules.pause': { input: { readonly id: string }; output: { readonly schedule: Schedule } };
  /** Let a paused schedule fire again; what was due meanwhile is not caught up */
  'schedules.resume': { input: { readonly id: string }; output: { readonly schedule: Schedule } };
  /** Let a schedule fire now, beside its due times */
  'schedules.run': { input: { readonly id: string }; output: { readonly schedule: Schedule; readonly occurrence: LastOccurrence } };
  /** What became of every due time, newest first */
  'schedules.occurrences': { input: { readonly id: string; readonly limit?: number; readonly cursor?: number }; output: { readonly occurrences: readonly LastOccurrence[]; readonly nextCursor: string | null } };
  /** Make a reminder from a phrase such as "tomorrow at 9am to call Bob" */
  'reminders.create': { input: { readonly phrase: string; readonly timeZone?: string; readonly do?: boolean; readonly executor?: string | null; readonly lane?: string | null; readonly session?: string | null; readonly cwd?: string | null; readonly notify?: string | null; readonly key?: string }; output: { readonly reminder: Reminder } };
  /** Reminders that are to come or were not seen yet */
  'reminders.list': { input: Record<string, never>; output: { readonly reminders: readonly Reminder[] } };
  /** Take a reminder back */
  'reminders.remove': { input: { readonly id: string }; output: { readonly reminder: Reminder } };
  /** Say that messages of reminders were seen: of one, or all */
  'reminders.seen': { input: { readonly id?: string }; output: { readonly seen: readonly LastOccurrence[] } };
  /** Ask a person something in words; the same question of the same job is asked once */
  'questions.ask': { input: { readonly text: string; readonly choices?: readonly string[]; readonly notify?: string; readonly key?: string }; output: { readonly question: Question } };
  /** What agents ask in words, and the answers, newest first */
  'questions.list': { input: { readonly state?: 'pending' | 'answered' | 'void'; readonly job?: string; readonly limit?: number; readonly cursor?: number }; output: { readonly questions: readonly Question[]; readonly nextCursor: string | null } };
  /** One question and its answer */
  'questions.get': { input: { readonly id: string }; output: { readonly question: Question } };
  /** Answered when a person has answered the question, or at the timeout */
  'questions.wait': { input: { readonly id: string; readonly timeoutMs?: number }; output: { readonly question: Question } };
  /** Answer a question of an agent; the first answer counts */
  'questions.answer': { input: { readonly id: string; readonly answer: string }; output: { readonly question: Question } };
  /** Say something to a person: a run to the chat of its own session, anybody else to the one named */
  'messages.send': { input: { readonly text: string; readonly to?: string; readonly key?: string }; output: { readonly delivery: Delivery } };
  /** What is wrong, what is silenced, and who is told */
  'alerts.list': { input: Record<string, never>; output: { readonly alerts: readonly Alert[]; readonly silences: readonly Silence[]; readonly to: readonly string[] } };
  /** Tell nobody of a rule, or of one subject of it, for a while */
  'alerts.silence': { input: { readonly rule: 'queue-age' | 'failure-rate' | 'component-down' | 'missed-occurrence' | 'disk' | 'backup-age' | 'crash-loop' | 'budget' | 'executor-signed-out' | 'worker-lost' | 'loop-lag'; readonly subject?: string; readonly for?: string }; output: { readonly silence: Silence } };
  /** End a silence */
  'alerts.unsilence': { input: { readonly id: string }; output: { readonly id: string } };
  /** Send a test to everybody who is told of alerts */
  'alerts.test': { input: Record<string, never>; output: { readonly deliveries: readonly string[] } };
  /** Canvases with their addresses; whoever knows an address sees the canvas */
  'canvas.list': { input: Record<string, never>; output: { readonly canvases: readonly Canvas[] } };
  /** Put files into a canvas, which is made when it is not there; open pages load again */
  'canvas.put': { input: { readonly name: string; readonly files: readonly ({ readonly path: string; readonly text: string } | { readonly path: string; readonly base64: string })[]; readonly replace?: boolean }; output: { readonly canvas: Canvas } };
  /** Give a canvas another address; the old one shows nothing any more */
  'canvas.rotate': { input: { readonly name: string }; output: { readonly canvas: Canvas } };
  /** Remove a canvas and its files */
  'canvas.remove': { input: { readonly name: string }; output: { readonly removed: string } };
  /** Copy the ledger while it works, and verify the copy; answered once it is in its place */
  'backups.create': { input: { readonly to?: string; readonly encrypt?: readonly string[] }; output: { readonly path: string; readonly madeAt: string; readonly bytes: number; readonly encrypted: boolean; readonly jobs: number; readonly open: number; readonly files: readonly string[]; readonly leftOut: readonly string[] } };
  /** When the last verified backup was made, and when the next one is due */
  'backups.state': { input: Record<string, never>; output: { readonly lastVerifiedAt: string | null; readonly ageSeconds: number | null; readonly current: boolean; readonly nextAt: string | null } };
  /** Remove what is over its time, and end what is left of runs that are over; dryRun only says what */
  'daemon.cleanup': { input: { readonly dryRun?: boolean }; output: { readonly dryRun: boolean; readonly ended: readonly ({ readonly runId: string; readonly runner: number | null; readonly processes: readonly number[]; readonly survivors: readonly number[] })[]; readonly rows: Readonly<Record<string, number>>; readonly runs: readonly string[]; readonly worktrees: readonly string[]; readonly snapshots: readonly string[] } };
  /** Tokens and logins of browsers, what they may do and when they were used; never their texts */
  'tokens.list': { input: Record<string, never>; output: { readonly tokens: readonly Token[] } };
  /** Make a token; the answer is the one time its text is told */
  'tokens.create': { input: { readonly name: string; readonly scopes: readonly ('read' | 'chat' | 'operate' | 'admin')[]; readonly expiresAt?: string }; output: { readonly token: Token; readonly text: string } };
  /** Give a token (id, name or "owner") another text; the old one is void at once */
  'tokens.rotate': { input: { readonly id: string }; output: { readonly token: Token; readonly text: string } };
  /** End a token, or the login of a browser, and all that were made by it */
  'tokens.revoke': { input: { readonly id: string }; output: { readonly revoked: number } };
  /** A code that logs one browser in, once, within a minute */
  'logins.offer': { input: Record<string, never>; output: { readonly code: string; readonly url: string; readonly expiresAt: string } };
  /** Who asked for what, from where, and what came of it; newest first */
  'audit.list': { input: { readonly who?: string; readonly what?: string; readonly refused?: 'true' | 'false'; readonly limit?: number; readonly cursor?: number }; output: { readonly entries: readonly Entry[]; readonly nextCursor: string | null } };
  /** The configuration in force, without secrets; its text too for a token with the scope "admin" */
  'config.get': { input: Record<string, never>; output: { readonly digest: string; readonly config: Readonly<Record<string, unknown>>; readonly restart: readonly string[]; readonly text: string | null } };
  /** The JSON Schema of config.yaml */
  'config.schema': { input: Record<string, never>; output: { readonly schema: Readonly<Record<string, unknown>> } };
  /** What is wrong with a text for config.yaml, or with changes of the one there is; nothing is written */
  'config.validate': { input: { readonly text?: string; readonly changes?: readonly ({ readonly path: readonly (string | number)[]; readonly value?: unknown })[] }; output: { readonly valid: boolean; readonly problems: readonly ({ readonly file: string; readonly path: string; readonly line: number | null; readonly column: number | null; readonly message: string })[]; readonly warnings: readonly ({ readonly file: string; readonly path: string; readonly line: number | null; readonly column: number | null; readonly message: string })[] } };
  /** Change config.yaml; what names programs, addresses, rights or secrets needs "admin" and a confirmation */
  'config.set': { input: { readonly digest: string; readonly changes: readonly ({ readonly path: readonly (string | number)[]; readonly value?: unknown })[]; readonly confirm?: true }; output: { readonly digest: string; readonly config: Readonly<Record<string, unknown>>; readonly restart: readonly string[]; readonly warnings: readonly ({ readonly file: string; readonly path: string; readonly line: number | null; readonly column: number | null; readonly message: string })[] } };
  /** What was said in a session, newest first */
  'sessions.history': { input: { readonly id: string; readonly limit?: number; readonly cursor?: number }; output: { readonly turns: readonly Turn[]; readonly nextCursor: string | null } };
  /** Say something in a session: a job that is its next turn */
  'sessions.send': { input: { readonly id: string; readonly prompt: string; readonly key?: string }; output: { readonly job: Job; readonly warnings: readonly string[] } };
  /** One run; what it said is its stream */
  'runs.get': { input: { readonly id: string }; output: { readonly run: Run2 } };
  /** The ways in and out for messages, and how they are */
  'channels.list': { input: Record<string, never>; output: { readonly channels: readonly ({ readonly name: string; readonly state: 'off' | 'connecting' | 'connected' | 'failing'; readonly address: string | null })[] } };
  /** The end of the log of the daemon, oldest first */
  'logs.tail': { input: { readonly limit?: number; readonly level?: 'debug' | 'info' | 'warn' | 'error' }; output: { readonly path: string | null; readonly lines: readonly Line[] } };
  /** What `homer doctor` asks: the problems of the daemon, and the state of its ledger in numbers */
  'daemon.examine': { input: Record<string, never>; output: { readonly version: string; readonly problems: readonly ({ readonly code: string; readonly message: string; readonly hint: string })[]; readonly executors: readonly string[]; readonly telegram: { readonly state: string; readonly problem: string | null }; readonly backup: { readonly lastVerifiedAt: string | null }; readonly ledger: Ledger } };
  /** Who is connected for longer than a request: as what, since when, last seen */
  'presence.list': { input: Record<string, never>; output: { readonly present: readonly Present[] } };
  /** Accept a job; answered once it is on disk */
  'jobs.create': { input: { readonly prompt: string; readonly executor?: string; readonly lane?: string; readonly session?: string; readonly cwd?: string; readonly runAfter?: string; readonly priority?: number; readonly maxAttempts?: number; readonly maxCrashes?: number; readonly timeoutMs?: number; readonly onInterrupt?: 'resume' | 'ask' | 'retry' | 'fail'; readonly parent?: string; readonly worktree?: boolean; readonly maxTurns?: number; readonly maxTokens?: number; readonly maxCostUsd?: number; readonly fallback?: readonly string[]; readonly notify?: string; readonly key?: string }; output: { readonly job: Job; readonly warnings: readonly string[] } };
  /** List jobs, newest first */
  'jobs.list': { input: { readonly state?: 'scheduled' | 'queued' | 'running' | 'waiting' | 'parked' | 'succeeded' | 'failed' | 'cancelled'; readonly lane?: string; readonly parent?: string; readonly session?: string; readonly limit?: number; readonly cursor?: number }; output: { readonly jobs: readonly Job[]; readonly nextCursor: string | null } };
  /** One job with its runs */
  'jobs.get': { input: { readonly id: string }; output: { readonly job: Job } };
  /** Answered when a job, or all its children, have ended, or at the timeout */
  'jobs.wait': { input: { readonly id: string; readonly timeoutMs?: number; readonly children?: 'true' | 'false' }; output: { readonly ended: boolean; readonly jobs: readonly Job2[] } };
  /** Cancel a job, also a running one, and all under it */
  'jobs.cancel': { input: { readonly id: string }; output: { readonly job: Job } };
  /** Run a failed, cancelled or waiting job again */
  'jobs.retry': { input: { readonly id: string }; output: { readonly job: Job } };
  /** Take a failed job, or all of them, off the list of what needs a person; it may fail anew */
  'jobs.seen': { input: { readonly id?: string }; output: { readonly seen: readonly string[] } };
  /** The way of a job, step by step: received, queued, running, answered, delivered */
  'jobs.trace': { input: { readonly id: string }; output: { readonly jobId: string; readonly state: string; readonly steps: readonly Step[] } };
  /** What was said to whom, newest first; state=unknown and state=dead need a person */
  'deliveries.list': { input: { readonly state?: 'pending' | 'sending' | 'delivered' | 'unknown' | 'dead' | 'dropped'; readonly job?: string; readonly target?: string; readonly limit?: number; readonly cursor?: number }; output: { readonly deliveries: readonly Delivery[]; readonly nextCursor: string | null } };
  /** One delivery */
  'deliveries.get': { input: { readonly id: string }; output: { readonly delivery: Delivery } };
  /** Send a delivery again that is unknown, dead or dropped, or waits for its next attempt */
  'deliveries.retry': { input: { readonly id: string }; output: { readonly delivery: Delivery } };
  /** Give a delivery up */
  'deliveries.drop': { input: { readonly id: string }; output: { readonly delivery: Delivery } };
  /** What ran, failed, was missed, was cut off and waits, and what restarted and why, since a time */
  'digest.get': { input: { readonly since?: string }; output: { readonly since: string; readonly until: string; readonly restarts: readonly Restart[]; readonly succeeded: Succeeded; readonly failed: Succeeded; readonly cancelled: Succeeded; readonly cutOff: readonly ({ readonly jobId: string; readonly prompt: string; readonly verdict: 'interrupted' | 'lost'; readonly state: string })[]; readonly missed: readonly ({ readonly scheduleId: string; readonly name: string; readonly count: number; readonly dueAt: string; readonly reason: string | null })[]; readonly paused: readonly string[]; readonly waiting: number; readonly undelivered: number } };
  /** How the connection with Telegram is, and who is paired */
  'telegram.show': { input: Record<string, never>; output: { readonly state: 'off' | 'connecting' | 'connected' | 'failing'; readonly bot: string | null; readonly lastPollAt: string | null; readonly allow: readonly number[]; readonly people: readonly ({ readonly id: string; readonly name: string; readonly pairedAt: string })[]; readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null; readonly apiRoot: string | null } };
  /** A code that pairs whoever sends it to the bot, once, within ten minutes */
  'telegram.pair': { input: Record<string, never>; output: { readonly code: string; readonly expiresAt: string; readonly bot: string | null; readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null } };
  /** Take the right to talk to Homer from a paired person */
  'telegram.unpair': { input: { readonly person: string }; output: { readonly state: 'off' | 'connecting' | 'connected' | 'failing'; readonly bot: string | null; readonly lastPollAt: string | null; readonly allow: readonly number[]; readonly people: readonly ({ readonly id: string; readonly name: string; readonly pairedAt: string })[]; readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null; readonly apiRoot: string | null } };
  /** What agents ask and asked, newest first */
  'approvals.list': { input: { readonly state?: 'pending' | 'answering' | 'allowed' | 'denied' | 'expired' | 'void'; readonly job?: string; readonly limit?: number; readonly cursor?: number }; output: { readonly approvals: readonly Approval[]; readonly nextCursor: string | null } };
  /** One question of an agent, and what became of it */
  'approvals.get': { input: { readonly id: string }; output: { readonly approval: Approval } };
  /** Let the agent use the tool: once, or with the same command (else at all) for the session */
  'approvals.allow': { input: { readonly id: string; readonly scope?: 'once' | 'session' }; output: { readonly approval: Approval } };
  /** Tell the agent no; it goes on without */
  'approvals.deny': { input: { readonly id: string; readonly scope?: 'once' }; output: { readonly approval: Approval } };
  /** Lanes with their limits and depth */
  'lanes.list': { input: Record<string, never>; output: { readonly lanes: readonly Lane[] } };
  /** Start no more jobs of a lane, also after a restart */
  'lanes.pause': { input: { readonly lane: string }; output: { readonly lanes: readonly Lane[] } };
  /** Start jobs of a paused lane again */
  'lanes.resume': { input: { readonly lane: string }; output: { readonly lanes: readonly Lane[] } };
  /** Hosts that run jobs: this one and workers elsewhere, with lanes, load and when they were last seen */
  'workers.list': { input: Record<string, never>; output: { readonly workers: readonly Worker[] } };
  /** Let a worker on another host in; the answer is the one time its token is told */
  'workers.add': { input: { readonly name: string; readonly lanes?: readonly string[] }; output: { readonly name: string; readonly token: string } };
  /** Take the right to run jobs from a worker */
  'workers.remove': { input: { readonly name: string }; output: { readonly workers: readonly Worker[] } };
  /** What a day (today unless given) cost by lane and executor, and what is left of its budgets */
  'spending.get': { input: { readonly day?: string }; output: { readonly day: string; readonly spending: readonly Spending[]; readonly total: Total; readonly live: Total | null; readonly budgets: readonly Budget[] } };
  /** Executors, configured and found */
  'executors.list': { input: Record<string, never>; output: { readonly executors: readonly Executor[] } };
  /** List sessions, the one used last first; ended ones with ended=true */
  'sessions.list': { input: { readonly ended?: 'true' | 'false' }; output: { readonly sessions: readonly Session[] } };
  /** One session, by id or name */
  'sessions.get': { input: { readonly id: string }; output: { readonly session: Session } };
  /** Make a session; a job for an unknown name makes one too */
  'sessions.create': { input: { readonly name: string; readonly executor?: string; readonly lane?: string; readonly cwd?: string }; output: { readonly session: Session } };
  /** Begin a fresh conversation under the same name */
  'sessions.reset': { input: { readonly id: string }; output: { readonly session: Session } };
  /** Cancel the turns of a session and end it */
  'sessions.stop': { input: { readonly id: string }; output: { readonly session: Session; readonly cancelled: number } };
  /** Make a session that goes on from where this one is */
  'sessions.fork': { input: { readonly id: string; readonly name: string; readonly executor?: string }; output: { readonly session: Session } };
  /** The command that goes on in the session with the agent's own screen */
  'sessions.terminal': { input: { readonly id: string }; output: { readonly kind: string; readonly agentSessionId: string; readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd: string } };
  /** Webhooks with their addresses, whether they are answered, and what came of them */
  'webhooks.list': { input: Record<string, never>; output: { readonly webhooks: readonly Webhook[] } };
  /** Send a signed sample to a webhook, through all that a real delivery goes through */
  'webhooks.test': { input: { readonly name: string; readonly payload?: unknown; readonly event?: string }; output: { readonly ignored: boolean; readonly reason: string | null; readonly job: { readonly id: string; readonly state: string } | null } };
  /** Make a new secret for a webhook whose secret Homer keeps; the answer is the one time it is told */
  'webhooks.rotate': { input: { readonly name: string; readonly grace?: string }; output: { readonly name: string; readonly secret: string; readonly path: string } };
  /** Skills for work anywhere, or the snapshot that a session has; session=NAME */
  'skills.list': { input: { readonly session?: string }; output: { readonly snapshotId: string | null; readonly skills: readonly Skill[]; readonly warnings: readonly ({ readonly path: string; readonly line: number | null; readonly code: string; readonly message: string })[] } };
  /** What runs, what needs a person, what comes next */
  'daemon.status': { input: Record<string, never>; output: { readonly daemon: 'healthy' | 'degraded' | 'down' | 'held' | 'draining'; readonly health: Health; readonly version: string; readonly pid: number; readonly port: number; readonly home: string; readonly startedAt: string; readonly held: boolean; readonly problems: readonly ({ readonly code: string; readonly message: string; readonly hint: string })[]; readonly restart: readonly string[]; readonly needsYou: readonly NeedsYou[]; readonly needs: { readonly total: number; readonly failed: number }; readonly notices: readonly Notice[]; readonly running: readonly Running[]; readonly queued: number; readonly next: readonly ({ readonly jobId: string; readonly lane: string; readonly prompt: string; readonly dueAt: string | null })[]; readonly lanes: readonly Lane[]; readonly limits: readonly ({ readonly executor: string; readonly until: string; readonly reason: string })[] } };
  /** Release a held daemon */
  'daemon.release': { input: Record<string, never>; output: { readonly released: number } };
  /** Drain and stop the daemon */
  'daemon.stop': { input: { readonly mode?: 'drain' | 'now' | 'kill' }; output: { readonly left: number } };
}

/** What changes nothing, and can be asked again. */
export const readOnly: ReadonlySet<keyof Calls> = new Set<keyof Calls>([
  'schedules.list',
  'schedules.get',
  'schedules.occurrences',
  'reminders.list',
  'questions.list',
  'questions.get',
  'questions.wait',
  'alerts.list',
  'canvas.list',
  'backups.state',
  'tokens.list',
  'audit.list',
  'config.get',
  'config.schema',
  'sessions.history',
  'runs.get',
  'channels.list',
  'logs.tail',
  'daemon.examine',
  'presence.list',
  'jobs.list',
  'jobs.get',
  'jobs.wait',
  'jobs.trace',
  'deliveries.list',
  'deliveries.get',
  'digest.get',
  'telegram.show',
  'approvals.list',
  'approvals.get',
  'lanes.list',
  'workers.list',
  'spending.get',
  'executors.list',
  'sessions.list',
  'sessions.get',
  'sessions.terminal',
  'webhooks.list',
  'skills.list',
  'daemon.status',
]);
