// What `homer doctor --fix` must leave as it is: what is not Homer's, and what has become a living daemon's since it looked.

import {
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checks } from '../../src/doctor/catalogue.ts';
import { runCheck, type Around } from '../../src/doctor/check.ts';
import { dayMs, openStage, running, says, type Stage } from './doctor-stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

async function mend(id: string, around: Around): Promise<readonly string[]> {
  const check = checks.find((each) => each.id === id);
  if (check?.mend === undefined) throw new Error(`${id} mends nothing`);
  return check.mend(around);
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a directory that a link leads to keeps its mode, and so do files that are not Homer’s', async () => {
  const shared = join(stage.directory, 'shared');
  mkdirSync(shared, { mode: 0o750 });
  writeFileSync(join(shared, 'photo.jpg'), '', { mode: 0o644 });
  rmdirSync(join(stage.home, 'backups'));
  symlinkSync(shared, join(stage.home, 'backups'));
  const mine = stage.file('logs/mine.txt', '', 0o640);
  const token = stage.file('token', 'x', 0o644);
  expect(await mend('home-modes', stage.around())).toEqual([`The mode of ${token} is 600 now.`]);
  expect([shared, join(shared, 'photo.jpg'), mine].map(modeOf)).toEqual([0o750, 0o644, 0o640]);
});

test('half a download that somebody keeps beside the backups is no left-over', async () => {
  const own = stage.file('backups/before-migration-from-7.db.part', '');
  const other = stage.file('backups/film.db.part', '');
  for (const path of [own, other]) utimesSync(path, 0, (Date.now() - dayMs) / 1000);
  expect(await mend('leftover-files', stage.around())).toEqual([`${own} was removed.`]);
});

test('the record of a daemon that has started since the look stays', async () => {
  const { record } = running(says(), 4_000_000);
  const around = stage.around({ record: record ?? null });
  const check = checks.find(({ id }) => id === 'record-stale');
  if (check === undefined) throw new Error('no such check');
  expect((await runCheck(check, around)).map(({ level }) => level)).toEqual(['note']);
  const fresh = JSON.stringify({ ...record, instanceId: 'another' });
  const path = stage.file('daemon.json', fresh);
  await mend('record-stale', around);
  expect(readFileSync(path, 'utf8')).toBe(fresh);
});
