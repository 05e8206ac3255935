// `homer config get|set|unset`: through the daemon when one runs, so that what is answered is in force; else in the file.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { changeText, guardedPaths, nested, replaceFile, type ConfigChange } from '../../config/change.ts';
import { configFile, readConfigText } from '../../config/document.ts';
import { digestOf, loadConfig, loadConfigText, type LoadedConfig } from '../../config/load.ts';
import { parsePath, parseValue, valueAt, valueOf } from '../../config/named.ts';
import { formatProblem } from '../../config/problem.ts';
import { showConfig } from '../../config/shown.ts';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { confirm } from '../confirm.ts';
import { report, type Context } from '../context.ts';
import { connectFrom } from '../run-access.ts';

export interface ConfigOptions {
  /** Change only what has this digest. */
  readonly digest?: string;
  readonly yes?: true;
}

type Problem = LoadedConfig['warnings'][number];

/** Where the configuration is read and changed. */
interface Source {
  readonly text: string | null;
  readonly digest: string;
  /** What applies, without secrets; asked for only where the text says nothing. */
  inForce(): unknown;
  change(change: ConfigChange): Promise<{ readonly digest: string; readonly warnings: readonly Problem[] }>;
  readonly isRunning: boolean;
}

export async function getConfig(context: Context, named: string): Promise<number> {
  const source = await openSource(context);
  const path = parsePath(named, source.text);
  // As it is written, where it is: `30m`, and not the milliseconds that it means.
  const written = valueAt(showConfig(valueOf(source.text)), path);
  const value = written ?? valueAt(source.inForce(), path);
  if (value === undefined)
    throw new HomerError('HOMER_USAGE', `There is no ${named} in the configuration.`, {
      hint: '`homer config` shows all of it, docs/configuration.md every key.',
    });
  const document = { path, value, written: written !== undefined, digest: source.digest };
  report(context, document, [shown(value)]);
  return 0;
}

/** `given` undefined: it is taken away. */
export async function setConfig(
  context: Context,
  named: string,
  given: string | undefined,
  options: ConfigOptions,
): Promise<number> {
  const source = await openSource(context);
  if (options.digest !== undefined && options.digest !== source.digest)
    throw new HomerError('HOMER_CONFIG_CHANGED', 'config.yaml has another digest.');
  const path = parsePath(named, source.text);
  const before = valueAt(showConfig(valueOf(source.text)), path);
  if (given === undefined && before === undefined)
    throw new HomerError('HOMER_USAGE', `config.yaml has no ${named}.`);
  const change = { path, ...(given === undefined ? {} : { value: parseValue(given) }) };
  await requireConfirmed(context, change, options);
  const { digest, warnings } = await source.change(change);
  for (const warning of warnings) context.terminal.say(formatProblem(warning));
  const after = given === undefined ? undefined : valueAt(showConfig(nested(path, change.value)), path);
  const document = { path, before, after, digest, inForce: source.isRunning, warnings };
  report(context, document, [
    `${named}: ${before === undefined ? '(not set)' : shown(before)} → ${after === undefined ? '(not set)' : shown(after)}`,
    source.isRunning ? 'It is in force.' : 'Homer is not running; it applies from the next start.',
  ]);
  return 0;
}

async function requireConfirmed(
  context: Context,
  change: ConfigChange,
  { yes }: ConfigOptions,
): Promise<void> {
  if (yes === true || guardedPaths([change]).length === 0) return;
  const what = `${change.path.join('.')} says what Homer runs, reads, answers to or lets in.`;
  if (await confirm(context, `${what} Change it?`)) return;
  throw new HomerError('HOMER_CONFIG_GUARDED', what, { hint: 'Nothing was changed. `--yes` confirms it.' });
}

async function openSource(context: Context): Promise<Source> {
  try {
    return await openDaemon(context);
  } catch (error) {
    if (!isHomerError(error, 'HOMER_NOT_RUNNING')) throw error;
    return openFile(context.home);
  }
}

async function openDaemon(context: Context): Promise<Source> {
  const client = await connectFrom(context);
  const { text, digest, config } = await client.call<{
    readonly text: string | null;
    readonly digest: string;
    readonly config: unknown;
  }>('config.get');
  return {
    ...{ text, digest, isRunning: true, inForce: () => config },
    change: (change) => client.call('config.set', { body: { digest, changes: [change], confirm: true } }),
  };
}

/** Also of a file that is not right: a change may be what mends it. */
function openFile(home: string): Source {
  const options = { env: process.env, userHome: homedir() };
  const path = join(home, configFile);
  const read = (): { readonly text: string | null; readonly digest: string } => {
    const { text, problems } = readConfigText(home);
    if (problems.length > 0) loadConfig(home, options);
    return { text, digest: digestOf(text) };
  };
  const { text, digest } = read();
  return {
    ...{ text, digest, isRunning: false },
    inForce: () => showConfig(loadConfig(home, options).config),
    change: async (change) => {
      const changed = changeText(text, [change]);
      const loaded = loadConfigText({ text: changed, problems: [], warnings: [] }, path, options);
      if (read().digest !== digest)
        throw new HomerError('HOMER_CONFIG_CHANGED', 'config.yaml was changed at the same time.');
      replaceFile(path, changed);
      return loaded;
    },
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
