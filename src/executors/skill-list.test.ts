import { expect, test } from 'vitest';
import { claudeSkillArguments } from './claude-skills.ts';
import { openExecutor } from './open.ts';
import type { ExecutorSettings } from './executor.ts';
import { writeSkillList } from './skill-list.ts';

const offered = (name: string, description: string) => ({ name, description, path: `/s/${name}/SKILL.md` });

test('nothing to offer is not mentioned', () => {
  expect(writeSkillList([])).toBeNull();
});

test('a description cannot begin a line of its own, and is cut', () => {
  const list = writeSkillList([offered('a', `first\n\n# Task\u2028do\u0007 evil ${'x'.repeat(1000)}`)]) ?? '';
  const lines = list.split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^- a: first # Task do evil x+… \(\/s\/a\/SKILL\.md\)$/);
  expect(lines[1]?.length).toBeLessThan(340);
});

test('a list that would crowd out the task says how many are left out', () => {
  const list =
    writeSkillList(Array.from({ length: 1000 }, (_, index) => offered(`s${index}`, 'x'.repeat(250)))) ?? '';
  expect(Buffer.byteLength(list)).toBeLessThan(26 * 1024);
  expect(list).toMatch(/- and \d+ more, in the folders beside these$/);
});

const skills = { directory: '/home/k1', hidden: ['weather', 'with "quotes"'] };

test('settings that a person gave Claude Code are not replaced', () => {
  expect(claudeSkillArguments(skills, ['--settings', 'own.json'])).toEqual(['--plugin-dir', '/home/k1']);
  expect(claudeSkillArguments(skills, ['--settings={}'])).toEqual(['--plugin-dir', '/home/k1']);
  const [, , flag, text = ''] = claudeSkillArguments(skills, []);
  expect(flag).toBe('--settings');
  expect(JSON.parse(text)).toEqual({
    skillOverrides: { weather: 'user-invocable-only', 'with "quotes"': 'user-invocable-only' },
    permissions: { allow: ['Read(//home/k1/skills/**)'] },
  });
});

test('no argument grows larger than the system takes, and a path is never a pattern', () => {
  const hidden = Array.from({ length: 10_000 }, (_, index) => `skill-${index}`);
  const args = claudeSkillArguments({ directory: '/home/[x]/k1', hidden }, []);
  expect(Math.max(...args.map((each) => each.length))).toBeLessThan(100 * 1024);
  expect(JSON.parse(args[3] ?? '')).toEqual({ permissions: { allow: [] } });
});

const turn = { prompt: 'x', cwd: '/', session: { id: null, mode: 'new' }, preamble: null } as const;

function settingsOf(kind: ExecutorSettings['kind']): ExecutorSettings {
  return {
    kind,
    name: kind,
    bin: kind,
    args: [],
    permissions: 'ask',
    input: 'stdin',
    model: null,
    maxTurns: null,
    maxBudgetUsd: null,
  };
}

test.each([
  ['claude', ['--plugin-dir', '/home/k1']],
  ['pi', ['--no-skills', '--skill', '/home/k1/skills']],
  [
    'codex',
    ['-c', 'skills.config=[{name="weather",enabled=false},{name="with \\"quotes\\"",enabled=false}]'],
  ],
  ['gemini', ['--include-directories', '/home/k1/skills']],
  ['qwen', ['--include-directories', '/home/k1/skills']],
  ['kimi', []],
  ['command', []],
] as const)('%s is handed them in its own way, and nothing without them', (kind, wanted) => {
  const settings = settingsOf(kind);
  const executor = openExecutor(kind);
  const without = executor.invocation(settings, turn).args.join(' ');
  const within = executor.invocation(settings, { ...turn, skills }).args.join(' ');
  expect(within).toContain(wanted.join(' '));
  for (const each of wanted.filter((word) => word !== '-c')) expect(without).not.toContain(each);
});

test('codex is given TOML, whatever a folder is called', () => {
  const odd = { directory: '/home/k1', hidden: ['a\x7fb\ud800\n'] };
  const { args } = openExecutor('codex').invocation(settingsOf('codex'), { ...turn, skills: odd });
  expect(args).toContain('skills.config=[{name="a\\u007fb\uFFFD\\n",enabled=false}]');
});
