// Opens the worker of this host: how runners are started here, and where the secrets of a run come from.

import { realpathSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { canaryExecutor } from '../config/build.ts';
import { canaryName } from '../core/canary.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Variables } from '../core/variable.ts';
import { detectIsolation } from '../runner/isolation.ts';
import { createGit } from './git.ts';
import { buildSecretFrame } from './environment.ts';
import { createKeepAwake } from '../lifecycle/keep-awake.ts';
import { addRunAccess } from './run-access.ts';
import { addSkillVariables } from './run-skills.ts';
import type { RunnerCommand } from './runner-process.ts';
import type { SkillsOfSessions } from '../skills/session-skills.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface OpenWorkerOptions extends Omit<
  WorkerOptions,
  | 'secretFrame'
  | 'isolation'
  | 'sessions'
  | 'runner'
  | 'onCount'
  | 'approvalExpiryMs'
  | 'concurrencyOf'
  | 'git'
  | 'skills'
> {
  /** The daemon's environment; a run's own is built from it by name. */
  readonly env: Variables;
  /** What the daemon knows and must never come out of a run: the owner's token above all. */
  readonly secrets: { readonly all: readonly string[] };
  readonly config: () => Config;
  /** Where the gateway listens, which runs are told. */
  readonly port: number;
  readonly skills: SkillsOfSessions;
  /** Homer's own runner unless given. */
  readonly runner?: RunnerCommand | undefined;
}

export function openWorker({
  env,
  secrets,
  config,
  port,
  skills,
  runner,
  ...options
}: OpenWorkerOptions): Worker {
  const canary = canaryExecutor();
  let isolation: ReturnType<typeof detectIsolation> | null = null;
  const { platform } = process;
  const keepAwake = createKeepAwake({ isWanted: () => config().keepAwake, platform, env });
  const ownIsolation = (): ReturnType<typeof detectIsolation> => {
    isolation ??= detectIsolation().catch((error: unknown) => {
      // Asked again at the next run: what failed once (too many processes, say) need not fail for ever.
      isolation = null;
      throw error;
    });
    return isolation;
  };
  return new Worker({
    ...options,
    executors: () => ({ ...options.executors(), [canaryName]: canary }),
    concurrencyOf: (lane) => config().lanes[lane]?.concurrency ?? 1,
    approvalExpiryMs: () => config().approvals.expiryMs,
    git: createGit({ env, home: realpathSync(options.home), isolation: ownIsolation }),
    sessions: () => config().sessions,
    onCount: (runs) => keepAwake.runs(runs),
    runner: runner ?? ownRunner(env),
    async secretFrame(executor, run) {
      const frame = await buildSecretFrame(executor, env, secrets.all, (ref) => resolveSecret(ref, env));
      return addRunAccess(frame, executor, run, { port, runTokens: options.ledger.runTokens });
    },
    skills: {
      prepare: async (job, cwd, executor) => (executor.skills ? skills.prepare(job, cwd) : null),
      addVariables: (frame, given) =>
        addSkillVariables(frame, given, (ref) => resolveSecret(ref, env), options.onError),
    },
    isolation: ownIsolation,
  });
}

/** The runner of this very version, in the form in which we ourselves run: TypeScript in a checkout, else JavaScript. */
export function ownRunner(env: Variables): RunnerCommand {
  const entry = fileURLToPath(new URL(`../runner/main${extname(import.meta.url)}`, import.meta.url));
  const passedOn = ['PATH', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { argv: [process.execPath, entry], env: Object.fromEntries(passedOn) };
}
