import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDetach } from './detach.ts';
import { Detached } from './detached.ts';

test('whoever leaves is told what became of what was asked, also when the signal ends that first', async () => {
  const detach = createDetach();
  const waiting = detach.or(delay(60_000, null, { signal: detach.signal }), 'It goes on.');
  process.emit('SIGTERM');
  const error: unknown = await waiting.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Detached);
  expect(error).toMatchObject({ exitCode: 143, message: 'It goes on.' });
});
