// Two runs whose agents name one session: what one of them says there would be lost.

import { afterEach, expect, test } from 'vitest';
import { lockAgentSession } from '../../src/lifecycle/agent-session-lock.ts';
import type { Lock } from '../../src/lifecycle/lock.ts';
import { readSession } from '../../src/runner/records.ts';
import { createRunRoom, type RunRoom } from './run-room.ts';

let room: RunRoom;
let lock: Lock | null = null;

afterEach(async () => {
  lock?.release();
  await room.clean();
});

/** Names its session, and works once it is given its prompt. */
const script = String.raw`printf '%s\n' '{"events":[{"type":"session","agentSessionId":"twin"}],"write":"prompt\n"}'
read -r prompt && [ "$prompt" = prompt ] && echo '{"events":[{"type":"text","text":"worked"}],"done":true}'`;

test('an agent that names a session somebody else works in is ended before it has its prompt', async () => {
  room = createRunRoom({ script, dialect: 'lines' });
  lock = lockAgentSession(room.home, 'command', 'twin');
  const { exit } = await room.finish();
  expect(exit).toMatchObject({ verdict: 'session_busy', agentSessionId: null, tree: 'dead' });
  expect(exit?.message).toContain('twin');
  expect(room.text()).toBe('');
  // No later turn goes on there either.
  expect(room.journal().filter(({ type }) => type === 'session')).toEqual([]);
  expect(readSession(room.directory())).toBeNull();
});

test('an agent that names a session of its own works', async () => {
  room = createRunRoom({ script, dialect: 'lines' });
  const { exit } = await room.finish();
  expect(exit).toMatchObject({ verdict: 'done', agentSessionId: 'twin' });
  expect(room.text()).toBe('worked');
});
