// Commands on sessions and lanes.

import { Argument } from 'commander';
import { HomerError } from '../../core/errors.ts';
import type { SessionAction, SessionsOptions } from '../commands/sessions.ts';
import type { Declaration } from './declaration.ts';

const sessionActions: readonly SessionAction[] = ['list', 'show', 'new', 'reset', 'stop', 'fork', 'resume'];

export function declareSessions({ add, act }: Declaration): void {
  add('sessions', 'Show conversations and their turns; make, fork, reset or end one, or go on in a terminal')
    .addArgument(new Argument('[action]', `${sessionActions.join(', ')}; another word is a session to show`))
    .argument('[name]', 'the session: its name or id')
    .argument('[newname]', 'fork: the name of the new one')
    .option('-x, --executor <name>', 'new, fork: the agent that takes the turns')
    .option('-l, --lane <name>', 'new: the lane they wait in')
    .option('-C, --cwd <dir>', 'new: where they work (default: here)')
    .option('-a, --all', 'list: also those that have ended')
    .action(
      async (
        word: string | undefined,
        name: string | undefined,
        other: string | undefined,
        options: SessionsOptions,
      ) =>
        act(async () => {
          const { sessions } = await import('../commands/sessions.ts');
          const action = sessionActions.find((each) => each === (word ?? 'list'));
          // A name alone: show it. With more behind it, it was a slip.
          if (action === undefined && name === undefined)
            return (context) => sessions(context, 'show', word, undefined, options);
          if (action === undefined)
            throw new HomerError('HOMER_USAGE', `There is no action "${word ?? ''}" of sessions.`, {
              hint: `One of: ${sessionActions.join(', ')}.`,
            });
          return (context) => sessions(context, action, name, other, options);
        }),
    );
  add('lanes', 'Show lanes, pause one or let it go on')
    .addArgument(new Argument('[action]').choices(['pause', 'resume']))
    .argument('[name]', 'the lane')
    .action(async (action: 'pause' | 'resume' | undefined, name: string | undefined) =>
      act(async () => {
        const { lanes } = await import('../commands/lanes.ts');
        return (context) => lanes(context, action, name);
      }),
    );
}
