// `homer config`: needs no daemon. The only command, beside the daemon itself, that loads the schema. Changes: config-change.ts.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { configFile, type ConfigText } from '../../config/document.ts';
import { showConfig } from '../../config/shown.ts';
import { HomerError, messageOf } from '../../core/errors.ts';
import { report, type Context } from '../context.ts';
import type { ConfigOptions } from './config-change.ts';

export type ConfigAction = 'show' | 'path' | 'schema' | 'check' | 'validate' | 'get' | 'set' | 'unset';

/** Throws HOMER_CONFIG_INVALID (78) listing every problem. */
export async function config(
  context: Context,
  what: ConfigAction,
  named: string | undefined,
  value: string | undefined,
  options: ConfigOptions,
): Promise<number> {
  const path = join(context.home, configFile);
  const takes = what === 'set' ? 2 : what === 'get' || what === 'unset' || what === 'validate' ? 1 : 0;
  const given = [named, value].filter((each) => each !== undefined).length;
  if (given > takes)
    throw new HomerError('HOMER_USAGE', `\`homer config ${what}\` takes no "${value ?? named}".`);
  if (what === 'get' || what === 'set' || what === 'unset')
    return change(context, what, named, value, options);
  if (what === 'path') {
    report(context, { path }, [path]);
    return 0;
  }
  if (what === 'schema') {
    const { configSchema } = await import('../../config/schema.ts');
    context.terminal.print(JSON.stringify(configSchema(), null, 2));
    return 0;
  }
  const { loadConfig, loadConfigText } = await import('../../config/load.ts');
  const { formatProblem } = await import('../../config/problem.ts');
  const settings = { env: process.env, userHome: homedir() };
  const loaded =
    named === undefined
      ? loadConfig(context.home, settings)
      : loadConfigText(readGiven(named), named, settings);
  const warnings = loaded.warnings.map(formatProblem);
  if (what === 'check' || what === 'validate') {
    const doubts = warnings.length === 0 ? '' : ' Think about this:';
    report(context, { path: named ?? path, problems: [], warnings: loaded.warnings }, [
      `The configuration is right.${doubts}`,
      ...warnings.map((line) => `  ${line}`),
    ]);
    return 0;
  }
  for (const line of warnings) context.terminal.say(line);
  context.terminal.print(JSON.stringify(showConfig(loaded.config), null, 2));
  return 0;
}

async function change(
  context: Context,
  what: 'get' | 'set' | 'unset',
  named: string | undefined,
  value: string | undefined,
  options: ConfigOptions,
): Promise<number> {
  if (named === undefined || (what === 'set' && value === undefined))
    throw new HomerError(
      'HOMER_USAGE',
      named === undefined ? 'Which key?' : `To what is ${named} to be set?`,
      {
        hint:
          what === 'set' ? 'homer config set lanes.work.concurrency 3' : `homer config ${what} lanes.work`,
      },
    );
  const { getConfig, setConfig } = await import('./config-change.ts');
  return what === 'get' ? getConfig(context, named) : setConfig(context, named, value, options);
}

/** `-`: standard input. */
function readGiven(file: string): ConfigText {
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8');
    return { text, problems: [], warnings: [], file: file === '-' ? 'standard input' : file };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new HomerError('HOMER_USAGE', `There is no file ${file}.`, {
        hint: 'homer config validate FILE; without a file `homer config check` looks at config.yaml.',
        cause: error,
      });
    throw new HomerError('HOMER_USAGE', `${file} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}
