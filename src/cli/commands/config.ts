// `homer config`: needs no daemon. The only command, beside the daemon itself, that loads the schema.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { configFile } from '../../config/document.ts';
import { showConfig } from '../../config/shown.ts';
import { report, type Context } from '../context.ts';

/** Throws HOMER_CONFIG_INVALID (78) listing every problem. */
export async function config(context: Context, what: 'show' | 'path' | 'schema' | 'check'): Promise<number> {
  const path = join(context.home, configFile);
  if (what === 'path') {
    report(context, { path }, [path]);
    return 0;
  }
  if (what === 'schema') {
    const { configSchema } = await import('../../config/schema.ts');
    context.terminal.print(JSON.stringify(configSchema(), null, 2));
    return 0;
  }
  const { loadConfig } = await import('../../config/load.ts');
  const { formatProblem } = await import('../../config/problem.ts');
  const loaded = loadConfig(context.home, { env: process.env, userHome: homedir() });
  const warnings = loaded.warnings.map(formatProblem);
  if (what === 'check') {
    const doubts = warnings.length === 0 ? '' : ' Think about this:';
    report(context, { path, problems: [], warnings: loaded.warnings }, [
      `The configuration is right.${doubts}`,
      ...warnings.map((line) => `  ${line}`),
    ]);
    return 0;
  }
  for (const line of warnings) context.terminal.say(line);
  context.terminal.print(JSON.stringify(showConfig(loaded.config), null, 2));
  return 0;
}
