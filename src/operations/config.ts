// Operations on the configuration. What a change was made from is said by its digest, so that nobody's edit is lost.

import { z } from 'zod';
import { changeText } from '../config/change.ts';
import { guardedPaths, whyGuarded } from '../config/guarded.ts';
import { configFile } from '../config/document.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { asRefusal } from '../config/refusal.ts';
import { configSchema } from '../config/schema.ts';
import { showConfig } from '../config/shown.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Caller } from './operation.ts';
import { defineOperation, type Operation } from './operation.ts';
import { requireScope } from './rights.ts';

const change = z.strictObject({
  path: z
    .array(z.union([z.string().min(1).max(200), z.int().min(0)]))
    .min(1)
    .max(16)
    .meta({ examples: [['lanes', 'work', 'concurrency']] }),
  value: z.json().optional().meta({ description: 'Left out: what is there is taken away' }),
});
const changes = z.array(change).min(1).max(100);
const problem = z.object({
  file: z.string(),
  path: z.string(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  message: z.string(),
});
const problems = z.array(problem);
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'is not a digest');
const shown = z.record(z.string(), z.json());
const restart = z.array(z.string()).meta({
  description: 'Keys that are written, and in force from the next start only',
  examples: [['port']],
});

type ProblemView = z.infer<typeof problem>;

/** `redact` takes out what the daemon knows as a secret. */
export function configOperations(live: LiveConfig, redact: (text: string) => string): readonly Operation[] {
  const current = (): z.infer<typeof shown> => showConfig(live.current, redact) as z.infer<typeof shown>;
  const warningsOf = (loaded: LoadedConfig): ProblemView[] => loaded.warnings.map(view);

  return [
    defineOperation({
      name: 'config.get',
      input: z.strictObject({}),
      output: z.object({ digest: z.string(), config: shown, restart, text: z.string().nullable() }),
      async handle(_input, caller) {
        const { text, digest: found } = live.read();
        // The text may hold secrets, and says where the others are.
        return {
          output: {
            digest: found,
            config: current(),
            restart: [...live.awaitingRestart],
            text: caller.scopes.has('admin') ? text : null,
          },
        };
      },
    }),
    defineOperation({
      name: 'config.schema',
      input: z.strictObject({}),
      output: z.object({ schema: z.record(z.string(), z.unknown()) }),
      async handle() {
        return { output: { schema: configSchema() as Record<string, unknown> } };
      },
    }),
    defineOperation({
      name: 'config.validate',
      input: z.strictObject({
        text: z
          .string()
          .max(1024 * 1024)
          .optional(),
        changes: changes.optional(),
      }),
      output: z.object({ valid: z.boolean(), problems, warnings: problems }),
      async handle({ text, changes: wanted }) {
        if ((text === undefined) === (wanted === undefined))
          throw new HomerError('HOMER_INPUT_INVALID', 'Either a text or changes can be looked at.');
        try {
          const loaded = live.check(text ?? changeText(live.read().text, wanted ?? []));
          return { output: { valid: true, problems: [], warnings: warningsOf(loaded) } };
        } catch (error) {
          if (!isHomerError(error, 'HOMER_CONFIG_INVALID')) throw error;
          const found = error.details['problems'] as Parameters<typeof view>[0][] | undefined;
          const listed = found?.map(view) ?? [
            { file: configFile, path: '', line: null, column: null, message: error.message },
          ];
          return { output: { valid: false, problems: listed, warnings: [] } };
        }
      },
    }),
    defineOperation({
      name: 'config.set',
      input: z.strictObject({
        digest: digest.meta({ description: 'That of `config.get`: what the changes were made from' }),
        changes,
        confirm: z.literal(true).optional().meta({
          description: 'Changes of programs, addresses, rights, secrets or what is kept are meant',
        }),
      }),
      output: z.object({ digest: z.string(), config: shown, restart, warnings: problems }),
      async handle({ digest: from, changes: wanted, confirm }, caller) {
        requireWord(guardedPaths(wanted), caller, confirm === true);
        const { text, digest: found } = live.read();
        if (found !== from)
          throw new HomerError(
            'HOMER_CONFIG_CHANGED',
            'config.yaml is not as it was when these changes were made.',
          );
        const loaded = await write(live, changeText(text, wanted));
        return {
          output: {
            digest: loaded.digest,
            config: current(),
            restart: [...live.awaitingRestart],
            warnings: warningsOf(loaded),
          },
        };
      },
    }),
  ];
}

async function write(live: LiveConfig, text: string): Promise<LoadedConfig> {
  try {
    return await live.write(text);
  } catch (error) {
    throw asRefusal(error);
  }
}

function requireWord(guarded: ReturnType<typeof guardedPaths>, caller: Caller, isConfirmed: boolean): void {
  if (guarded.length === 0) return;
  requireScope(caller, 'admin');
  if (isConfirmed) return;
  throw new HomerError('HOMER_CONFIG_GUARDED', guarded.slice(0, 5).map(whyGuarded).join(' '));
}

function view({ file, path, line, column, message }: ProblemView): ProblemView {
  return { file, path, line, column, message };
}
