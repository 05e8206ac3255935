// `homer config get|set|unset`: through the daemon when one runs, so that what is answered is in force; else in the file.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { changeText, replaceFile, type ConfigChange } from '../../config/change.ts';
import { configFile, readConfigText } from '../../config/document.ts';
import { guardedPaths, whyGuarded } from '../../config/guarded.ts';
import { isKey } from '../../config/key-schema.ts';
import { digestOf, loadConfig, loadConfigText, type LoadedConfig } from '../../config/load.ts';
import { parsePath, parseValue, valueAt, valueOf, type ConfigPath } from '../../config/named.ts';
import { formatProblem } from '../../config/problem.ts';
import { asRefusal, refusal } from '../../config/refusal.ts';
import { showConfig } from '../../config/shown.ts';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { confirm } from '../confirm.ts';
import { report, type Context } from '../context.ts';
import { documentedDefault } from '../documented-default.ts';
import { connectFrom } from '../run-access.ts';

export interface ConfigOptions {
  /** Change only what has this digest. */
  readonly digest?: string;
  readonly yes?: true;
}

type Problem = LoadedConfig['warnings'][number];

interface Changed {
  readonly digest: string;
  readonly warnings: readonly Problem[];
  /** Keys that are in force from the next start only. */
  readonly restart: readonly string[];
  readonly config?: { readonly port?: number };
}

/** Where the configuration is read and changed. */
interface Source {
  readonly text: string | null;
  readonly digest: string;
  /** What applies, without secrets; asked for only where the text says nothing. */
  inForce(): unknown;
  /** HOMER_CONFIG_INVALID for a change that would not be right. */
  check(change: ConfigChange): Promise<void>;
  change(change: ConfigChange): Promise<Changed>;
  readonly isRunning: boolean;
}

export async function getConfig(context: Context, named: string): Promise<number> {
  const source = await openSource(context);
  const path = parsePath(named, source.text);
  // As it is written, where it is: `30m`, and not the milliseconds that it means.
  const written = valueAt(showConfig(valueOf(source.text)), path);
  const value = written ?? valueAt(source.inForce(), path) ?? null;
  if (value === null && written === undefined) return sayUnset(context, named, path, source);
  const document = { path, value, written: written !== undefined, digest: source.digest };
  report(context, document, [shown(value)]);
  return 0;
}

/** HOMER_USAGE for what is no key, or one of an executor, lane, … that there is not. */
function sayUnset(context: Context, named: string, path: ConfigPath, source: Source): number {
  const [key, ...rest] = path;
  const isThere = path.slice(0, -1).every((_part, index) => {
    const at: ConfigPath = [key, ...rest.slice(0, index)];
    return isKey(at) || (valueAt(valueOf(source.text), at) ?? valueAt(source.inForce(), at)) !== undefined;
  });
  if (!isThere || !isKey(path))
    throw new HomerError('HOMER_USAGE', `There is no ${named} in the configuration.`, {
      hint: '`homer config` shows all of it, docs/configuration.md every key.',
    });
  const usual = documentedDefault(path);
  report(context, { path, value: null, written: false, default: usual, digest: source.digest }, [
    usual === null
      ? `(not set; docs/configuration.md says what ${named} is then)`
      : `(not set; the default is ${usual})`,
  ]);
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
  await requireConfirmed(context, source, change, options);
  const { digest, warnings, restart, config } = await source.change(change);
  for (const warning of warnings) context.terminal.say(formatProblem(warning));
  const after =
    given === undefined ? undefined : valueAt(showConfig(valueOf(changeText(source.text, [change]))), path);
  const waits = restart.some((key) => isAbout(key, path));
  const isPort = path[0] === 'port' && given !== undefined && source.isRunning;
  const isOverruled = isPort && !waits && config?.port !== change.value;
  const inForce = source.isRunning && !waits && !isOverruled;
  const document = { path, before, after, digest, inForce, restart, warnings };
  report(context, document, [
    `${named}: ${before === undefined ? '(not set)' : shown(before)} → ${after === undefined ? '(not set)' : shown(after)}`,
    isOverruled ? 'Written, but HOMER_PORT of the daemon is stronger.' : whenInForce(source, waits),
  ]);
  return 0;
}

function whenInForce({ isRunning }: Source, waits: boolean): string {
  if (!isRunning) return 'Homer is not running; it applies from the next start.';
  return waits ? 'Written; `homer restart` puts it in force.' : 'It is in force.';
}

/** Whether one is the other, or in it. */
function isAbout(key: string, path: ConfigPath): boolean {
  return key.split('.').every((part, index) => index >= path.length || part === path[index]);
}

async function requireConfirmed(
  context: Context,
  source: Source,
  change: ConfigChange,
  { yes }: ConfigOptions,
): Promise<void> {
  if (yes === true || guardedPaths([change]).length === 0) return;
  // Nobody is asked about what would be refused.
  await source.check(change);
  const what = whyGuarded(change.path);
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
    async check(change) {
      const { valid, problems } = await client.call<{
        readonly valid: boolean;
        readonly problems: readonly Problem[];
      }>('config.validate', { body: { changes: [change] } });
      if (!valid) throw refusal(problems);
    },
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
  const changed = (change: ConfigChange): { readonly text: string; readonly loaded: LoadedConfig } => {
    const wanted = changeText(text, [change]);
    try {
      return {
        text: wanted,
        loaded: loadConfigText({ text: wanted, problems: [], warnings: [] }, path, options),
      };
    } catch (error) {
      throw asRefusal(error);
    }
  };
  return {
    ...{ text, digest, isRunning: false },
    inForce: () => showConfig(loadConfig(home, options).config),
    check: async (change) => void changed(change),
    change: async (change) => {
      const { text: wanted, loaded } = changed(change);
      if (read().digest !== digest)
        throw new HomerError('HOMER_CONFIG_CHANGED', 'config.yaml was changed at the same time.');
      replaceFile(path, wanted);
      return { digest: loaded.digest, warnings: loaded.warnings, restart: [] };
    },
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
