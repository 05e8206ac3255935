import { expect, test } from 'vitest';
import type { RunReport } from '../ledger/run-record.ts';
import { unusedRun } from '../ledger/run-record.ts';
import { withAdvice } from './advice.ts';

const claude = { kind: 'claude', bin: 'claude', configured: false } as const;
const ended = (verdict: RunReport['verdict']): RunReport => ({ ...unusedRun, verdict });

test('an agent that is not signed in: the command that signs in', () => {
  const about = { executor: 'claude', config: claude, cwd: '/' };
  expect(withAdvice(ended('auth'), about).hint).toContain('claude, then /login');
  const unknown = { ...about, config: { ...claude, kind: 'acp', bin: 'odd' } as const };
  expect(withAdvice(ended('auth'), unknown).hint).toBeUndefined();
});

test('a working directory that vanished is to be made again, or another given', () => {
  const about = { executor: 'claude', config: claude, cwd: '/nope/gone' };
  expect(withAdvice(ended('spawn_failed'), about)).toMatchObject({
    hint: expect.stringMatching(/Make \/nope\/gone again.* -C /) as string,
  });
  expect(withAdvice(ended('spawn_failed'), about).isFinal).toBeUndefined();
});

test('a path that leads nowhere is to be corrected, and is not tried again', () => {
  const config = { ...claude, bin: '/nope/claude' };
  const advised = withAdvice(ended('spawn_failed'), { executor: 'mine', config, cwd: '/' });
  expect(advised.hint).toMatch(/^Correct `bin` of the executor `mine`/);
  expect(advised.isFinal).toBe(true);
  const byName = withAdvice(ended('spawn_failed'), { executor: 'claude', config: claude, cwd: '/' });
  expect(byName.isFinal).toBeUndefined();
});

test('a command that failed: where all it said is', () => {
  const shell = { kind: 'command', bin: 'sh', configured: false } as const;
  const about = { executor: 'shell', config: shell, cwd: '/' };
  expect(withAdvice(ended('agent_error'), about).hint).toContain('`homer logs ID` has all it said');
  expect(withAdvice(ended('agent_error'), { ...about, config: claude }).hint).toBeUndefined();
});
