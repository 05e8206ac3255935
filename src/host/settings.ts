// What a worker is started with: given once, kept in its state directory, so that the second time `homer worker` is enough.

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isRedisUrl, type EngineConfig } from '../config/engine.ts';
import { readPrivateFile } from '../config/private-file.ts';
import { HomerError } from '../core/errors.ts';
import { readToken, type WorkerToken } from '../remote/token.ts';
import { writeFileWhole } from '../runner/records.ts';

/** What was given on the command line; what is left out is as it was the last time. */
export interface GivenSettings {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly lanes?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
}

export interface HostSettings {
  readonly engine: Extract<EngineConfig, { kind: 'bullmq' }>;
  readonly token: WorkerToken;
  readonly tokenText: string;
  readonly lanes: readonly string[] | null;
  readonly labels: readonly string[];
  readonly concurrency: number;
}

interface Kept {
  readonly url?: string | undefined;
  readonly lanes?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
}

const settingsFile = 'worker.json';
const tokenFile = 'worker-token';

/**
 * `engine`: of config.yaml, whose address counts where none was given. `readInput`: standard input, null where a person sits at it.
 * HOMER_WORKER_TOKEN, HOMER_USAGE, HOMER_HOME_UNUSABLE
 */
export async function settleSettings(
  home: string,
  given: GivenSettings,
  engine: EngineConfig,
  readInput: () => Promise<string | null>,
): Promise<HostSettings> {
  const kept = readKept(home);
  const fresh = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { tokenFile: _, ...merged }: Kept & { tokenFile?: string } = { ...kept, ...fresh };
  const settings: Kept = merged;
  const url = settings.url ?? null;
  if (url !== null && !isRedisUrl(url))
    throw new HomerError('HOMER_USAGE', `"${url}" is not an address like redis://10.0.0.1:6379.`);
  if (url === null && engine.kind !== 'bullmq')
    throw new HomerError('HOMER_USAGE', 'Where is the Redis of the daemon?', {
      hint: 'homer worker --url redis://HOST:6379, or `engine: { kind: bullmq, url: … }` in config.yaml here.',
    });
  const { token, text } = await findToken(home, given.tokenFile, readInput);
  writeFileWhole(join(home, settingsFile), `${JSON.stringify(settings, null, 2)}\n`);
  writeFileWhole(join(home, tokenFile), `${text}\n`);
  const { prefix } = token;
  return {
    engine:
      url === null && engine.kind === 'bullmq'
        ? engine
        : { kind: 'bullmq', url: { text: url ?? '' }, prefix },
    token,
    tokenText: text,
    lanes: settings.lanes ?? null,
    labels: settings.labels ?? [],
    concurrency: settings.concurrency ?? availableParallelism(),
  };
}

async function findToken(
  home: string,
  given: string | undefined,
  readInput: () => Promise<string | null>,
): Promise<{ token: WorkerToken; text: string }> {
  const reading = { what: 'the token of a worker', mends: false };
  const text =
    given === undefined
      ? (readPrivateFile(join(home, tokenFile), reading)?.text ?? (await readInput()))
      : (readPrivateFile(given, reading)?.text ?? null);
  const trimmed = text?.trim() ?? '';
  const token = readToken(trimmed);
  if (token === null) {
    const where = given === undefined ? `in ${home} or on standard input` : `in ${given}`;
    throw new HomerError('HOMER_WORKER_TOKEN', `There is no token of a worker ${where}.`);
  }
  return { token, text: trimmed };
}

function readKept(home: string): Kept {
  const path = join(home, settingsFile);
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept;
  } catch (error) {
    throw new HomerError('HOMER_HOME_UNUSABLE', `${path} cannot be read; remove it and give all again.`, {
      cause: error,
    });
  }
}
