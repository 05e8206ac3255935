// `homer run`: hands a task to the daemon, shows what becomes of it, prints the result.

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { readToken } from '../../config/token.ts';
import { isIdempotencyKey, keyRule } from '../../core/idempotency-key.ts';
import type { AcceptedAnswer } from '../answers.ts';
import { createClient } from '../client.ts';
import { createConnection, type Connection } from '../connection.ts';
import type { Context } from '../context.ts';
import { createDetach } from '../detach.ts';
import { isPassing } from '../follow.ts';
import { ensureDaemon } from '../launch.ts';
import { limitsOf, type LimitOptions } from '../limit-options.ts';
import { joinAsked, noTask, readAsked, taskFor } from '../prompt.ts';
import { withUnquotedTask } from '../unquoted-task.ts';
import { watchToEnd } from '../watch.ts';

export interface RunOptions extends LimitOptions {
  readonly executor?: string;
  readonly lane?: string;
  readonly session?: string;
  readonly cwd?: string;
  readonly worktree?: boolean;
  readonly notify?: string;
  readonly key?: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly detach?: boolean;
}

/** 0 when the job succeeded, 1 when it did not or waits for a person in a script, 130 when the caller left, 3 when Homer was stopped. */
export async function run(context: Context, words: readonly string[], options: RunOptions): Promise<number> {
  const { home, terminal, json } = context;
  if (options.key !== undefined && !isIdempotencyKey(options.key))
    throw new HomerError('HOMER_USAGE', 'This --key cannot be used.', { hint: `${keyRule}.` });
  const asked = await readAsked(words, options.executor !== undefined, terminal.say);
  if (joinAsked(asked) === '' && (options.executor === undefined || context.run !== null)) throw noTask();
  if (context.run !== null) {
    const prompt = joinAsked(asked);
    const { runChild } = await import('./run-child.ts');
    return runChild(context, context.run, prompt, { ...options, cwd: resolve(options.cwd ?? '.') });
  }
  const detach = createDetach();
  const { record, isOurs } = await detach.or(ensureDaemon(home, terminal.say), 'Nothing was sent yet.');
  if (isOurs)
    terminal.say(terminal.errorPalette.dim(`Homer was started (pid ${record.pid}, port ${record.port}).`));
  const connection = createConnection(createClient(record, readToken(home)), {
    home,
    say: terminal.say,
    whenCrashed: 'start',
  });
  const prompt = await detach.or(
    taskFor(connection.client, options.executor, asked, terminal.say),
    'Nothing was sent yet.',
  );
  // Sent again under the same key when the answer is lost, so that there is one job whatever happens.
  const ask = {
    key: options.key ?? `cli-${randomUUID()}`,
    body: {
      prompt,
      executor: options.executor,
      lane: options.lane,
      session: options.session,
      cwd: await detach.or(chooseDirectory(connection, options), 'Nothing was sent yet.'),
      timeoutMs: options.timeout,
      worktree: options.worktree,
      ...limitsOf(options),
      notify: options.notify,
    },
  };
  const accepted = await detach.or(
    submit(connection, ask, detach.signal).catch((error: unknown) => {
      throw withUnquotedTask(error, words);
    }),
    'Whether the job was accepted is not known.',
  );
  const { job, warnings } = accepted;
  for (const warning of warnings) terminal.say(warning);
  const turn = options.session === undefined ? '' : `, a turn of ${options.session}`;
  terminal.say(`Job ${job.id}: ${job.executor} in lane ${job.lane}${turn}`);
  if (options.detach === true) {
    if (json) terminal.print(JSON.stringify({ job, warnings }, null, 2));
    else if (terminal.columns === null) terminal.print(job.id);
    return 0;
  }
  return watchToEnd(context, connection, job, detach);
}

/** A session that there is knows where it works; a new one works where the caller is. */
async function chooseDirectory(
  { client }: Connection,
  { session, cwd }: RunOptions,
): Promise<string | undefined> {
  const here = resolve(cwd ?? '.');
  if (session === undefined || cwd !== undefined) return here;
  try {
    await client.call('sessions.get', { params: { id: session } });
    return undefined;
  } catch (error) {
    if (isHomerError(error, 'HOMER_SESSION_UNKNOWN')) return here;
    throw error;
  }
}

async function submit(
  connection: Connection,
  ask: { readonly key: string; readonly body: unknown },
  signal: AbortSignal,
): Promise<AcceptedAnswer> {
  for (;;) {
    try {
      return await connection.client.call<AcceptedAnswer>('jobs.create', { ...ask, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      await connection.renew(signal).catch((gone: unknown) => {
        if (!isHomerError(gone, 'HOMER_NOT_RUNNING')) throw gone;
        throw new HomerError(gone.code, `${gone.message} Whether the job was accepted is not known.`, {
          hint: `The same task with \`--key ${ask.key}\` makes one job in any case.`,
        });
      });
    }
  }
}
