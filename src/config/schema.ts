// What may stand in config.yaml, as it is written there. build.ts makes the value from it that the house uses.

import { z } from 'zod';
import { permissionChoices, type ExecutorKind } from '../core/agent.ts';
import { bindSchema } from './bind.ts';
import { upkeepSchemas } from './backup.ts';
import { budgetNeeds, budgetShape, limitsSomething } from './budget-schema.ts';
import { loadsCode, makesRunsLoadCode } from './code-variables.ts';
import { digestShape } from './digest.ts';
import { engineSchema } from './engine.ts';
import { heartbeatShape } from './heartbeat.ts';
import { parseRate } from '../core/rate.ts';
import { parseSpan } from '../core/span.ts';
import { proxiesSchema } from './proxies.ts';
import { channelSchemas } from './telegram.ts';
import { schedulesSchema } from './schedules.ts';
import { webhooksSchema } from './webhooks.ts';
import { labelsSchema, workersSchema } from './workers.ts';

/** Kinds that name their program; `acp` is any other that speaks the Agent Client Protocol. */
type NamedAgentKind = Exclude<ExecutorKind, 'command' | 'acp'>;

/** Agent CLIs this version can drive; each may be a `defaultExecutor` without being configured. */
export const agentKinds: readonly NamedAgentKind[] = [
  'claude',
  'codex',
  'gemini',
  'kimi',
  'opencode',
  'pi',
  'qwen',
];

export const defaults = {
  port: 4663,
  bind: '127.0.0.1',
  concurrency: 2,
  agentTimeoutMs: 1_800_000,
  commandTimeoutMs: 3_600_000,
  stallMs: 600_000,
  outputLimit: 64 * 1024 * 1024,
  drainMs: 30_000,
  approvalExpiryMs: 3_600_000,
  maxDepth: 3,
  maxChildren: 50,
} as const;

/** The argument of a `command` that is replaced by the prompt. */
export const promptPlaceholder = '{prompt}';

// setTimeout fires at once beyond this (Node's documentation of timers).
const longestMs = 2_147_483_647;

/** A mapping that names its known keys when it meets another. */
function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not a known key; known here: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'is not a name (lower case letters, digits, - and _, at most 32)');
const variable = z
  .string()
  .regex(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not the name of an environment variable')
  .refine((text) => text !== 'HOMER_RUN', 'is kept for Homer, which finds the processes of a run by it')
  .refine(
    (text) => !['HOMER_URL', 'HOMER_TOKEN', 'HOMER_JOB_ID'].includes(text),
    'is kept for Homer, which a run asks for subagents by it (see `subagents`)',
  );
// oxlint-disable-next-line no-control-regex -- a NUL cannot be part of an argument
const argument = z.string().regex(/^[^\0]*$/, 'holds a NUL character');
const program = argument
  .min(1)
  .regex(/^(?:~\/|\/|[^/~]+$)/, 'is neither a bare name (looked up on PATH) nor an absolute path');
const absolute = argument.regex(/^(?:\/|~(?:\/|$))/, 'is not an absolute path (or one that starts with ~/)');
const milliseconds = z
  .int()
  .min(0)
  .max(longestMs)
  .meta({ description: 'Milliseconds, such as 1800000 for 30 minutes.' });

const sayItsValue = 'if that is meant, setEnv gives it the value that is meant';
const secret = z.union(
  [
    argument,
    mapping({ env: variable }),
    mapping({ file: absolute }),
    mapping({ exec: z.tuple([program], argument) }),
  ],
  { error: 'must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }' },
);

const anyExecutor = {
  env: z
    .array(variable.refine((text) => !loadsCode(text), `${makesRunsLoadCode}; ${sayItsValue}`))
    .max(256)
    .optional(),
  setEnv: z.record(variable, secret).optional(),
  idempotent: z.boolean().optional(),
  timeoutMs: milliseconds.optional(),
  stallMs: milliseconds.optional(),
  outputLimit: z.int().min(0).meta({ description: 'Bytes.' }).optional(),
  isolation: z.enum(['auto', 'none']).optional(),
  subagents: z.boolean().optional(),
  sandbox: z.enum(['none', 'workspace']).optional(),
  writable: z.array(absolute).max(256).optional(),
  nice: z.int().min(0).max(19).optional(),
  memoryMb: z.int().min(0).max(1_048_576).meta({ description: 'MiB; 0: no limit.' }).optional(),
  openFiles: z.int().min(16).max(1_048_576).optional(),
};

/** A sandbox is a namespace, so without namespaces there is none. */
function checkSandbox(
  executor: { readonly sandbox?: string | undefined; readonly isolation?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (executor.sandbox === 'workspace' && executor.isolation === 'none')
    context.addIssue({ code: 'custom', path: ['sandbox'], message: 'cannot be had with isolation: none' });
}

const agent = mapping({
  kind: z.enum(agentKinds as [NamedAgentKind]),
  bin: program.optional(),
  node: program.optional(),
  version: argument.min(1).max(64).optional(),
  args: z.array(argument).max(256).optional(),
  permissions: z.enum(permissionChoices as ['ask', 'edits', 'all', 'none']).optional(),
  model: argument.min(1).max(256).optional(),
  maxTurns: z.int().min(1).optional(),
  maxTokens: z.int().min(1).meta({ description: 'Input and output together.' }).optional(),
  maxBudgetUsd: z.number().positive().meta({ description: 'US dollars.' }).optional(),
  toolMs: milliseconds.optional(),
  parkOnLimit: z.boolean().optional(),
  fallback: z.array(name).max(8).optional(),
  skills: z.boolean().optional(),
  mcp: z.boolean().optional(),
  ...anyExecutor,
}).superRefine(checkSandbox);

/** An agent of which Homer knows nothing but its protocol. */
const acp = mapping({ ...agent.shape, kind: z.literal('acp'), bin: program }).superRefine(checkSandbox);

const command = mapping({
  kind: z.literal('command'),
  argv: z
    .array(argument)
    .min(1)
    .max(1024)
    .superRefine((argv, context) => {
      const first = program.safeParse(argv[0]);
      if (argv.length > 0 && !first.success)
        context.addIssue({ code: 'custom', path: [0], message: first.error.issues[0]?.message ?? '' });
      argv.forEach((each, index) => {
        if (!each.includes(promptPlaceholder)) return;
        // Inside other text, above all inside a script for `sh -c`, a prompt would be read as code.
        if (each !== promptPlaceholder || index === 0)
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `holds ${promptPlaceholder}, which must be an argument of its own after the program`,
          });
      });
    }),
  input: z.enum(['argument', 'stdin']).optional(),
  transcript: z.boolean().optional(),
  ...anyExecutor,
}).superRefine((executor, context) => {
  checkSandbox(executor, context);
  const placed = executor.argv.includes(promptPlaceholder);
  if (executor.input === 'argument' && !placed)
    context.addIssue({
      code: 'custom',
      path: ['input'],
      message: `needs ${promptPlaceholder} as an argument in argv`,
    });
  if (executor.input === 'stdin' && placed)
    context.addIssue({
      code: 'custom',
      path: ['input'],
      message: `sends the prompt on standard input, but argv has ${promptPlaceholder} too`,
    });
});

const budget = mapping(budgetShape).refine(limitsSomething, budgetNeeds);

const lane = mapping({
  concurrency: z.int().min(1).max(256).optional(),
  rate: z
    .string()
    .refine((text) => parseRate(text) !== null, 'is not a rate like "30/1m"')
    .optional(),
  budget: budget.optional(),
  labels: labelsSchema.optional(),
});

const skillName = z
  .string()
  .regex(
    /^(?!__proto__$)[^\p{Cc}\p{Cf}/\\]{1,128}$/u,
    'is not the name of a skill (no slashes or control characters, at most 128)',
  );

const skills = mapping({
  extraDirs: z.array(absolute).max(256).optional(),
  allow: z.array(skillName).max(4096).optional(),
  bundledDir: absolute.optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  entries: z
    .record(
      skillName,
      mapping({
        enabled: z.boolean().optional(),
        apiKey: secret.optional(),
        env: z.record(variable, secret).optional(),
        workspace: z.boolean().optional(),
        config: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
});

const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?::\d{1,5})?$/,
    'is not a host name like "homer.example.net" or "homer.example.net:8443" (no scheme, no *)',
  )
  .refine((text) => Number(/:(\d+)$/.exec(text)?.[1] ?? 1) <= 65_535, 'has a port above 65535');

/** config.yaml as written; `z.input` and `z.output` are the same, since nothing is changed here. */
export const fileSchema = mapping({
  port: z.int().min(0).max(65_535).optional(),
  bind: bindSchema.optional(),
  hosts: z.array(hostName).max(64).optional(),
  proxies: proxiesSchema.optional(),
  lanes: z.record(name, lane).optional(),
  budget: budget.optional(),
  executors: z
    .record(name, z.discriminatedUnion('kind', [agent, acp, command], { error: kindMessage }))
    .optional(),
  defaultExecutor: name.optional(),
  roots: z.array(absolute).max(256).optional(),
  engine: engineSchema({ mapping, secret }).optional(),
  keepAwake: z.boolean().optional(),
  approvals: mapping({
    expiry: z
      .string()
      .refine((text) => parseSpan(text) !== null, 'is not a time like "90s", "30m", "1h" or "1d"')
      .optional(),
  }).optional(),
  sessions: mapping({
    idleReset: z
      .string()
      .refine(
        (text) => text === 'off' || parseSpan(text) !== null,
        'is not "off" or a time like "90m", "12h" or "7d"',
      )
      .optional(),
    onLost: z.enum(['ask', 'restart']).optional(),
  }).optional(),
  drain: mapping({
    timeoutMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .meta({ description: 'Milliseconds, at most an hour.' })
      .optional(),
  }).optional(),
  subagents: mapping({
    maxDepth: z.int().min(0).max(16).optional(),
    maxChildren: z.int().min(0).max(1_000).optional(),
  }).optional(),
  ...upkeepSchemas({ mapping, absolute }),
  skills: skills.optional(),
  ...channelSchemas(secret),
  digest: mapping(digestShape).optional(),
  heartbeat: mapping(heartbeatShape).optional(),
  schedules: schedulesSchema.optional(),
  webhooks: webhooksSchema({ mapping, secret, name }).optional(),
  workers: workersSchema({ mapping }).optional(),
});

export type FileContent = z.output<typeof fileSchema>;
export type FileExecutor = NonNullable<FileContent['executors']>[string];
export type FileSecret = z.output<typeof secret>;

function kindMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  return `it must be ${[...agentKinds, 'acp', 'command'].map((kind) => `"${kind}"`).join(' or ')}`;
}

/** The JSON Schema (draft 2020-12) of config.yaml, for editors and `homer config schema`. */
export function configSchema(): unknown {
  return { ...z.toJSONSchema(fileSchema, { io: 'input' }), title: 'Homer config.yaml' };
}
