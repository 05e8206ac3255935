// What a person does on the board, done as everything else is: by operations, in the name of who asks.

import { HomerError, isHomerError } from '../core/errors.ts';
import type { BoardRequest } from '../gateway/board-routes.ts';
import type { Performer } from '../operations/perform.ts';
import type { RouteName } from '../operations/routes.ts';

export type Act = (name: RouteName, input: Record<string, string>) => Promise<void>;

export function actingFor(performer: Performer, { caller, from, gone }: BoardRequest): Act {
  return async (name, input) => {
    await performer.perform({ name, input, caller, from, gone });
  };
}

/** The same for each; what has changed its state meanwhile is not an error of the rest. */
export async function actOnEach(act: Act, name: RouteName, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    try {
      await act(name, { id });
    } catch (error) {
      const isMeanwhile =
        isHomerError(error, 'HOMER_JOB_ENDED') || isHomerError(error, 'HOMER_JOB_NOT_ENDED');
      if (!isMeanwhile) throw error;
    }
  }
}

/** HOMER_BOARD_REFUSED, with a reason a person can read on the board. */
export function refuse(why: string): never {
  throw new HomerError('HOMER_BOARD_REFUSED', why);
}
