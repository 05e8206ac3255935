// From what stands in config.yaml to the value the house uses: defaults filled in, `~` expanded, frozen.

import { join } from 'node:path';
import type { ExecutorKind } from '../core/agent.ts';
import { canaryPatienceMs } from '../core/canary.ts';
import { parseRate } from '../core/rate.ts';
import { parseSpan } from '../core/span.ts';
import { buildAlerts } from './alerts.ts';
import { buildBackup } from './backup.ts';
import { buildCanary } from './canary.ts';
import { buildBudget } from './budget-schema.ts';
import type {
  Config,
  ExecutorConfig,
  LaneConfig,
  SecretRef,
  SkillEntryConfig,
  SkillsConfig,
} from './config.ts';
import { buildDigest } from './digest.ts';
import { buildEngine } from './engine.ts';
import { buildLogs } from './logs.ts';
import { buildRetention } from './retention.ts';
import { buildHeartbeat } from './heartbeat.ts';
import { buildTelegram } from './telegram.ts';
import { buildTracing } from './tracing.ts';
import { buildSchedules } from './schedules.ts';
import type { FileContent, FileExecutor, FileSecret } from './schema.ts';
import { defaults, promptPlaceholder } from './schema.ts';
import { buildWebhooks } from './webhooks.ts';
import { buildWorkers } from './workers.ts';

/** Pure. `port` overrides the file's; `userHome` is what `~` stands for. */
export function buildConfig(file: FileContent, options: { port: number | null; userHome: string }): Config {
  const expand = (path: string): string => expandHome(path, options.userHome);
  const lanes = record<LaneConfig>();
  lanes['default'] = { concurrency: defaults.concurrency, rate: null, budget: null, labels: [] };
  for (const [name, lane] of Object.entries(file.lanes ?? {}))
    lanes[name] = {
      concurrency: lane.concurrency ?? defaults.concurrency,
      rate: lane.rate === undefined ? null : parseRate(lane.rate),
      budget: buildBudget(lane.budget),
      labels: lane.labels ?? [],
    };
  const executors = record<ExecutorConfig>();
  executors['shell'] = {
    ...buildExecutor({ kind: 'command', argv: ['sh', '-c', promptPlaceholder] }, expand),
    configured: false,
  };
  for (const [name, executor] of Object.entries(file.executors ?? {}))
    executors[name] = buildExecutor(executor, expand);
  return freeze({
    port: options.port ?? file.port ?? defaults.port,
    bind: file.bind ?? defaults.bind,
    hosts: (file.hosts ?? []).map((host) => host.toLowerCase()),
    proxies: file.proxies ?? [],
    lanes,
    budget: buildBudget(file.budget),
    executors,
    defaultExecutor: file.defaultExecutor ?? null,
    roots: (file.roots ?? []).map(expand),
    engine: buildEngine(file.engine, (url) => secretRef(url, expand)),
    keepAwake: file.keepAwake ?? true,
    approvals: { expiryMs: parseSpan(file.approvals?.expiry ?? '') ?? defaults.approvalExpiryMs },
    sessions: {
      // "off" is no time either.
      idleResetMs: parseSpan(file.sessions?.idleReset ?? 'off'),
      onLost: file.sessions?.onLost ?? 'ask',
    },
    drain: { timeoutMs: file.drain?.timeoutMs ?? defaults.drainMs },
    subagents: {
      maxDepth: file.subagents?.maxDepth ?? defaults.maxDepth,
      maxChildren: file.subagents?.maxChildren ?? defaults.maxChildren,
    },
    ledger: { shared: file.ledger?.shared ?? false },
    backup: buildBackup(file.backup, expand),
    canary: buildCanary(file.canary),
    alerts: buildAlerts(file.alerts, (secret) => secretRef(secret as FileSecret, expand)),
    retention: buildRetention(file.retention),
    logs: buildLogs(file.logs),
    tracing: buildTracing(file.tracing),
    skills: buildSkills(file.skills ?? {}, expand),
    telegram: buildTelegram(file.telegram, (secret) => secretRef(secret, expand)),
    deliveries: { onUnknown: file.deliveries?.onUnknown ?? 'ask' },
    digest: buildDigest(file.digest),
    schedules: { ...buildSchedules(file.schedules ?? {}, expand), ...buildHeartbeat(file.heartbeat, expand) },
    webhooks: buildWebhooks(file.webhooks ?? {}, (secret) => secretRef(secret as FileSecret, expand), expand),
    workers: buildWorkers(file.workers),
  });
}

/** What the canary is run by: it says its prompt, and that is all. */
export function canaryExecutor(): ExecutorConfig {
  const file: FileExecutor = {
    kind: 'command',
    argv: ['echo', promptPlaceholder],
    idempotent: true,
    timeoutMs: canaryPatienceMs,
  };
  return freeze({ ...buildExecutor(file, (path) => path), configured: false });
}

/** An agent CLI that was found on this machine, with the defaults of one that is configured. Pure. */
export function foundExecutor(kind: Exclude<ExecutorKind, 'command'>, bin: string): ExecutorConfig {
  return freeze({ ...buildExecutor({ kind, bin }, (path) => path), configured: false });
}

function buildExecutor(file: FileExecutor, expand: (path: string) => string): ExecutorConfig {
  const common = {
    kind: file.kind,
    env: file.env ?? [],
    setEnv: secretRefs(file.setEnv, expand),
    idempotent: file.idempotent ?? false,
    stallMs: file.stallMs ?? defaults.stallMs,
    outputLimit: file.outputLimit ?? defaults.outputLimit,
    isolation: file.isolation ?? 'auto',
    subagents: file.subagents ?? file.kind !== 'command',
    sandbox: file.sandbox ?? 'none',
    writable: (file.writable ?? []).map(expand),
    nice: file.nice ?? 0,
    memoryMb: file.memoryMb ?? 0,
    openFiles: file.openFiles ?? null,
    configured: true,
  };
  if (file.kind === 'command') {
    const [bin = '', ...args] = file.argv;
    return {
      ...common,
      bin: expand(bin),
      node: null,
      version: null,
      args,
      input: file.input ?? (args.some((arg) => arg.includes(promptPlaceholder)) ? 'argument' : 'stdin'),
      // Its prompt need not be words: before a script, a record would be run.
      transcript: file.transcript ?? false,
      // A command asks nobody; what it may do is what its user may do.
      permissions: 'all',
      model: null,
      maxTurns: null,
      maxTokens: null,
      maxBudgetUsd: null,
      toolMs: 0,
      parkOnLimit: true,
      fallback: [],
      skills: false,
      mcp: false,
      timeoutMs: file.timeoutMs ?? defaults.commandTimeoutMs,
    };
  }
  return {
    ...common,
    bin: expand(file.bin ?? file.kind),
    node: file.node === undefined ? null : expand(file.node),
    version: file.version ?? null,
    args: file.args ?? [],
    input: 'stdin',
    transcript: true,
    permissions: file.permissions ?? 'ask',
    model: file.model ?? null,
    maxTurns: file.maxTurns ?? null,
    maxTokens: file.maxTokens ?? null,
    maxBudgetUsd: file.maxBudgetUsd ?? null,
    toolMs: file.toolMs ?? 0,
    parkOnLimit: file.parkOnLimit ?? true,
    fallback: file.fallback ?? [],
    skills: file.skills ?? true,
    mcp: file.mcp ?? true,
    timeoutMs: file.timeoutMs ?? defaults.agentTimeoutMs,
  };
}

function buildSkills(
  file: NonNullable<FileContent['skills']>,
  expand: (path: string) => string,
): SkillsConfig {
  const entries = record<SkillEntryConfig>();
  for (const [name, entry] of Object.entries(file.entries ?? {}))
    entries[name] = {
      enabled: entry.enabled ?? true,
      apiKey: entry.apiKey === undefined ? null : secretRef(entry.apiKey, expand),
      env: secretRefs(entry.env, expand),
      workspace: entry.workspace ?? false,
      config: entry.config ?? {},
    };
  return {
    extraDirs: (file.extraDirs ?? []).map(expand),
    allow: file.allow ?? null,
    bundledDir: file.bundledDir === undefined ? null : expand(file.bundledDir),
    config: file.config ?? {},
    entries,
  };
}

function secretRefs(
  secrets: Readonly<Record<string, FileSecret>> | undefined,
  expand: (path: string) => string,
): Record<string, SecretRef> {
  const refs = record<SecretRef>();
  for (const [name, secret] of Object.entries(secrets ?? {})) refs[name] = secretRef(secret, expand);
  return refs;
}

function secretRef(secret: FileSecret, expand: (path: string) => string): SecretRef {
  if (typeof secret === 'string') return { text: secret };
  if ('file' in secret) return { file: expand(secret.file) };
  if ('exec' in secret) return { exec: [expand(secret.exec[0]), ...secret.exec.slice(1)] };
  return secret;
}

function expandHome(path: string, userHome: string): string {
  return path === '~' || path.startsWith('~/') ? join(userHome, path.slice(1)) : path;
}

/** Without a prototype, so that looking up `constructor` finds nothing that was not configured. */
function record<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

function freeze<Value extends object>(value: Value): Value {
  for (const child of Object.values(value) as unknown[])
    if (typeof child === 'object' && child !== null) freeze(child);
  return Object.freeze(value);
}
