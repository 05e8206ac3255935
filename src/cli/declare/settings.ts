// Commands on what is set up here: configuration, skills, the machine, tokens.

import { Argument } from 'commander';
import type { ConfigAction } from '../commands/config.ts';
import type { ConfigOptions } from '../commands/config-change.ts';
import type { TokenAction, TokenOptions } from '../commands/token.ts';
import type { SkillsAction, SkillsOptions } from '../commands/skills.ts';
import type { WebhooksAction, WebhooksOptions } from '../commands/webhooks.ts';
import type { AuditOptions } from '../commands/audit.ts';
import type { DoctorCommandOptions } from '../commands/doctor.ts';
import { parseCount, type Declaration } from './declaration.ts';

export function declareSettings({ add, act }: Declaration): void {
  add('config', 'Show the configuration that applies, look up or change a key, check it; needs no daemon')
    .addArgument(
      new Argument('[what]')
        .choices(['show', 'path', 'schema', 'check', 'validate', 'get', 'set', 'unset'])
        .default('show'),
    )
    .argument(
      '[key]',
      'get, set, unset: such as lanes.work.concurrency; validate: a file (-: standard input)',
    )
    .argument('[value]', 'set: as it would stand in config.yaml')
    .option('-y, --yes', 'set, unset: also what says what is run, read or let in, without asking')
    .option('--digest <digest>', 'set, unset: only while the file is the one that `get --json` told')
    .action(
      async (
        what: ConfigAction,
        key: string | undefined,
        value: string | undefined,
        options: ConfigOptions,
      ) =>
        act(async () => {
          const { config } = await import('../commands/config.ts');
          return (context) => config(context, what, key, value, options);
        }),
    );
  add('skills', 'Show skills and what they lack, check them, install or remove one; needs no daemon')
    .addArgument(new Argument('[action]').choices(['list', 'check', 'show', 'add', 'remove']).default('list'))
    .argument('[name]', 'the skill to show or remove; the folder, checkout or tarball to add')
    .option('-C, --cwd <dir>', 'as seen by work in this directory (default: here)')
    .option('--name <name>', 'add: the name of its folder')
    .option('-y, --yes', 'add, remove: do not ask')
    .action(async (action: SkillsAction, name: string | undefined, options: SkillsOptions) =>
      act(async () => {
        const { skills } = await import('../commands/skills.ts');
        return (context) => skills(context, action, name, options);
      }),
    );
  add('webhooks', 'Show webhooks and their addresses, try one, make a new secret for one')
    .addArgument(new Argument('[action]').choices(['list', 'url', 'test', 'rotate']).default('list'))
    .argument('[name]', 'the webhook')
    .option('--event <event>', 'test: the kind of event to send')
    .option('--payload <file>', 'test: the JSON to send instead of a sample (-: standard input)')
    .option('--grace <time>', 'rotate: how long the old secret stays good too, such as 10m')
    .action(async (action: WebhooksAction, name: string | undefined, options: WebhooksOptions) =>
      act(async () => {
        const { webhooks } = await import('../commands/webhooks.ts');
        return (context) => webhooks(context, action, name, options);
      }),
    );
  add('doctor', 'Look at Homer and this machine: what is wrong, why it matters, and the step that mends it')
    .option('--fix', 'mend what can be mended without a risk, and say what was done')
    .option('--security', 'only what is about security, and more of that')
    .action(async (options: DoctorCommandOptions) =>
      act(async () => {
        const { doctor } = await import('../commands/doctor.ts');
        return (context) => doctor(context, options);
      }),
    );
  add('token', "Print the owner's token, make tokens for others, list, replace or revoke them")
    .addArgument(
      new Argument('[action]').choices(['show', 'path', 'list', 'add', 'rotate', 'revoke']).default('show'),
    )
    .argument('[name]', "the token, by name or id (rotate without one: the owner's)")
    .option('-s, --scope <scope>', 'add: read, chat, operate or admin; several with commas')
    .option('--expires <time>', 'add: when it ends, such as 12h or 30d (default: never)')
    .option('-a, --all', 'list: also those that have ended')
    .action(async (action: TokenAction, name: string | undefined, options: TokenOptions) =>
      act(async () => {
        const { token } = await import('../commands/token.ts');
        return (context) => token(context, action, name, options);
      }),
    );
  add('open', 'Log a browser in and open it: a link that is good once, for a minute')
    .option('--print', 'print the link and open nothing')
    .action(async (options: { readonly print?: true }) =>
      act(async () => {
        const { open } = await import('../commands/open.ts');
        return (context) => open(context, options.print === true);
      }),
    );
  add('audit', 'Show who asked for what, from where, and what came of it')
    .option('--who <id>', 'only what this one asked: owner, a token, run:ID, telegram:CHAT')
    .option('--what <operation>', 'only this operation, such as jobs.create')
    .option('--refused', 'only what was refused or failed')
    .option('-n, --limit <count>', 'at most this many', parseCount, 30)
    .action(async (options: AuditOptions) =>
      act(async () => {
        const { audit } = await import('../commands/audit.ts');
        return (context) => audit(context, options);
      }),
    );
}
