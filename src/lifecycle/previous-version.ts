// Starts the version before an update from the copy that is kept of it: whatever stands in its place meanwhile, that one works.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { isUpdateDriven, unfinishedUpdate, type UpdateRecord } from './update-record.ts';

/** `drive`: to carry an update out; `roll-back`: to undo one that was cut off. */
export type PreviousTask = 'drive' | 'roll-back';

/** Its own session: what the caller's terminal does does not concern it. What it says goes where the caller's goes. */
export function startPrevious(
  record: UpdateRecord,
  task: PreviousTask,
  home: string,
  options: { readonly json: boolean } = { json: false },
): ChildProcess {
  const [node = '', ...args] = argvOfPrevious(record, task, home);
  return spawn(node, [...args, ...(options.json ? ['--json'] : [])], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

export function argvOfPrevious(
  { previous, root }: UpdateRecord,
  task: PreviousTask,
  home: string,
): readonly string[] {
  const [source, built] = [join(previous, 'src/cli/main.ts'), join(previous, 'dist/cli/main.js')];
  // A Node that was brought with the program is exchanged with it.
  const own = process.execPath;
  const node = existsSync(built) && own.startsWith(`${root}/`) ? join(previous, own.slice(root.length)) : own;
  return [node, existsSync(source) ? source : built, 'update', `--${task}`, '--home', home];
}

/**
 * Undoes an update that was cut off, if there is one and nobody drives it; true when it did. What was taken over or is still being
 * driven stays. HOMER_UPDATE_STUCK when it cannot be undone.
 */
export async function undoCutOff(home: string, say: (line: string) => void): Promise<boolean> {
  const record = unfinishedUpdate(home);
  if (record === null || (await isUpdateDriven(home))) return false;
  say(`An update to ${record.to.version} was cut off. Putting ${record.from.version} back.`);
  const [code] = (await once(startPrevious(record, 'roll-back', home), 'exit')) as [number | null];
  if (code !== 0)
    throw new HomerError(
      'HOMER_UPDATE_STUCK',
      `Homer ${record.from.version} could not be put back; why is said above.`,
    );
  return true;
}
