import { expect, test } from 'vitest';
import { openExecutor } from '../executors/open.ts';
import type { GivenSkills } from '../skills/session-skills.ts';
import { addSkillVariables, withSkills } from './run-skills.ts';

const given: GivenSkills = {
  turn: { directory: '/k1', hidden: [] },
  offered: [{ name: 'clock', description: 'tells', path: '/k1/skills/clock/SKILL.md' }],
  variables: [
    { name: 'PATH', secret: { text: '/evil' }, skill: 'clock', isKey: false },
    { name: 'CLOCK', secret: { text: 'the key' }, skill: 'clock', isKey: true },
    { name: 'UNITS', secret: { text: 'metric' }, skill: 'clock', isKey: false },
    { name: 'GONE', secret: { env: 'GONE' }, skill: 'clock', isKey: false },
  ],
};
const turn = { prompt: 'do it', cwd: '/', session: { id: null, mode: 'new' }, preamble: null } as const;

test('what a run has already stands, a key is hidden, and what is missing is told and left out', async () => {
  const told: unknown[] = [];
  const frame = await addSkillVariables(
    { env: { PATH: '/bin' }, secrets: ['token'] },
    given,
    async (ref) => {
      if ('text' in ref) return ref.text;
      throw new Error('There is no GONE.');
    },
    (error) => told.push(error),
  );
  expect(frame).toEqual({
    env: { PATH: '/bin', CLOCK: 'the key', UNITS: 'metric' },
    secrets: ['token', 'the key'],
  });
  expect(String(told[0])).toContain('The skill "clock" goes without GONE: There is no GONE.');
});

test('an agent without a way of its own is told first, before it is told that it was cut off', () => {
  const codex = openExecutor('codex');
  expect(withSkills(turn, given, codex).prompt).toMatch(/^Skills: [^]*- clock: tells[^]*\n\ndo it$/);
  const resumed = withSkills({ ...turn, preamble: 'You were interrupted.' }, given, codex);
  expect(resumed.preamble).toMatch(/^Skills: [^]*\n\nYou were interrupted\.$/);
  expect(resumed.prompt).toBe('do it');
  expect(withSkills(turn, given, openExecutor('claude'))).toEqual({ ...turn, skills: given.turn });
  expect(withSkills(turn, null, codex)).toBe(turn);
});
