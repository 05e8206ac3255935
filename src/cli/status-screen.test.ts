import { expect, test } from 'vitest';
import type { StatusAnswer } from './answers.ts';
import { decideVerdict, drawStatus } from './status-screen.ts';
import type { Palette } from './terminal.ts';

const text = (value: string): string => value;
const palette: Palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };
const now = Date.parse('2026-01-02T03:04:05.000Z');

function aStatus(changes: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    daemon: 'healthy',
    health: {
      state: 'healthy',
      components: [{ name: 'ledger', status: 'pass', detail: null }],
      metrics: { uptime: 240, jobsProcessed: 12, jobsQueued: 0, lastHeartbeat: '2026-01-02T03:04:03.000Z' },
    },
    version: '1.2.3',
    pid: 42,
    port: 4663,
    home: '/h',
    startedAt: '2026-01-02T03:00:05.000Z',
    held: false,
    problems: [],
    needsYou: [],
    needs: { total: changes.needsYou?.length ?? 0, failed: 0 },
    notices: [],
    running: [],
    queued: 0,
    next: [],
    lanes: [],
    limits: [],
    ...changes,
  };
}

const need = {
  jobId: 'j0000000000000abcdef',
  approvalId: null,
  expiresAt: null,
  state: 'waiting',
  code: 'HOMER_EFFECT_UNKNOWN',
  message: 'It may have taken effect',
  hint: 'Check it, then `homer retry j0000000000000abcdef`.',
};
const problem = { code: 'HOMER_DISK_FULL', message: 'The disk is full', hint: 'Free some space.' };

test('is well only when nothing below it is not', () => {
  expect(decideVerdict(aStatus()).level).toBe('ok');
  expect(decideVerdict(aStatus({ needsYou: [need] }))).toEqual({
    level: 'needs',
    text: 'One thing needs you.',
  });
  expect(decideVerdict(aStatus({ daemon: 'held', held: true })).level).toBe('needs');
  expect(decideVerdict(aStatus({ daemon: 'draining' })).level).toBe('needs');
  expect(decideVerdict(aStatus({ daemon: 'degraded' })).level).toBe('bad');
  const parts = { ...aStatus().health, state: 'degraded' } as NonNullable<StatusAnswer['health']>;
  expect(decideVerdict(aStatus({ health: parts })).level).toBe('bad');
  expect(decideVerdict(aStatus({ problems: [problem], needsYou: [need] }))).toEqual({
    level: 'bad',
    text: 'Something is wrong: The disk is full.',
  });
});

test('a held Homer says why and what to do about it, once; other problems stand below', () => {
  const held = {
    code: 'HOMER_HELD',
    message: 'The state directory was restored',
    hint: '`homer resume` releases all.',
  };
  const status = aStatus({ daemon: 'held', held: true, problems: [held] });
  const said = [
    'Homer is held and runs nothing: its state directory was restored, copied or moved.',
    '  `homer resume` releases all, once no other copy of it runs.',
  ];
  const paper = { palette, columns: null, now };
  expect(drawStatus(status, paper).slice(0, -2)).toEqual(said);
  expect(drawStatus({ ...status, problems: [held, problem] }, paper).slice(0, -2)).toEqual([
    ...said,
    '',
    'Problems',
    '  The disk is full.',
    '    Free some space.',
  ]);
});

test('in a pipe ids are whole and nothing is cut', () => {
  expect(drawStatus(aStatus({ needsYou: [need] }), { palette, columns: null, now })).toEqual([
    'One thing needs you. Nothing runs.',
    '',
    'Needs you',
    '  j0000000000000abcdef  waiting  It may have taken effect.',
    '    Check it, then `homer retry j0000000000000abcdef`.',
    '',
    'Homer 1.2.3 is healthy, up 4 min, 12 processed, 0 queued, last heartbeat 2.0 s ago, pid 42, port 4663, in /h',
  ]);
});

test('on a terminal no line is wider than it, and ids are short', () => {
  const job = { jobId: need.jobId, lane: 'default', executor: 'claude', prompt: 'a long task '.repeat(20) };
  const lines = drawStatus(
    aStatus({
      needsYou: [need, { ...need, message: 'very '.repeat(40) }],
      running: [{ ...job, startedAt: null, lastActivity: 'Bash npm test' }],
      next: [{ ...job, dueAt: null }],
      problems: [{ ...problem, hint: 'do this '.repeat(30) }],
    }),
    { palette, columns: 60, now },
  );
  for (const line of lines.slice(2, -1)) expect(line.length, line).toBeLessThanOrEqual(60);
  expect(lines.join('\n')).not.toContain('j0000000000000abcdef');
  expect(lines.join('\n')).toContain('homer retry abcdef');
});

test('a question of an agent says what it wants to do, how to answer and for how long', () => {
  const question = {
    jobId: need.jobId,
    approvalId: 'a0000000000000qwerty',
    state: 'waiting',
    code: 'HOMER_APPROVAL_PENDING',
    message: 'Bash: make\u001b[2K cake',
    hint: 'Answer with `homer approve a0000000000000qwerty` or `homer deny a0000000000000qwerty`.',
    expiresAt: '2026-01-02T04:03:45.000Z',
  };
  const lines = drawStatus(aStatus({ needsYou: [question] }), { palette, columns: 120, now });
  expect(lines.slice(2, 5)).toEqual([
    'Needs you',
    '  abcdef  asks  Bash: make cake',
    '    Answer with `homer approve qwerty` or `homer deny qwerty`. Denied by itself in 1 h.',
  ]);
});

test('a lane whose budget is used up and an executor at its usage limit are told, with the time', () => {
  const noon = new Date(2026, 0, 2, 12).toISOString();
  const lane = { lane: 'work', concurrency: 1, rate: null, queued: 2, running: 0, paused: false };
  const closed = { until: noon, why: 'lane work: $5 of $5 a day are used', byUnknown: false };
  const status = aStatus({
    lanes: [{ ...lane, closed }],
    limits: [{ executor: 'claude', until: noon, reason: 'five hour limit' }],
  });
  const lines = drawStatus(status, { palette, columns: null, now });
  expect(lines).toContain(
    '  work has used up its budget until 12:00 with 2 jobs queued; lane work: $5 of $5 a day are used',
  );
  const unknown = { until: noon, why: 'lane work: a run of unknown cost ended today', byUnknown: true };
  const closedByIt = aStatus({ lanes: [{ ...lane, closed: unknown }] });
  expect(drawStatus(closedByIt, { palette, columns: null, now })).toContain(
    '  work is closed until 12:00 with 2 jobs queued; lane work: a run of unknown cost ended today',
  );
  expect(lines).toContain('  claude is at its limit until 12:00; five hour limit.');
});

test('old failures do not push what is urgent off the screen, and all of them are counted', () => {
  const failed = { ...need, state: 'failed', message: 'It broke', hint: 'Look.' };
  const status = aStatus({
    needsYou: [...Array.from({ length: 20 }, () => failed), need],
    needs: { total: 38, failed: 37 },
  });
  const lines = drawStatus(status, { palette, columns: null, now });
  expect(lines[0]).toBe('38 things need you. Nothing runs.');
  expect(lines[3]).toContain('It may have taken effect.');
  expect(lines.filter((line) => line.includes('It broke'))).toHaveLength(5);
  expect(lines).toContain('  and 32 more: `homer jobs --state failed`');
  expect(lines).toContain('  `homer jobs seen ID`, or `--all`, takes failures off this list');
});

test('what is not well is told part by part, in the words of /health', () => {
  const late = 'No canary could be sent for 130 s.';
  const metrics = {
    uptime: 240,
    jobsProcessed: 12,
    jobsQueued: 3,
    lastHeartbeat: '2026-01-02T03:04:03.000Z',
  };
  const components = [
    { name: 'ledger', status: 'pass', detail: null },
    { name: 'executor:claude', status: 'warn', detail: 'It is signed out' },
    { name: 'canary', status: 'fail', detail: late },
  ] as const;
  const status = aStatus({
    daemon: 'down',
    health: { state: 'down', components, metrics },
    problems: [{ code: 'HOMER_CANARY_LATE', message: late, hint: 'Look at the log.' }],
  });
  const lines = drawStatus(status, { palette, columns: null, now });
  expect(decideVerdict(status)).toEqual({ level: 'bad', text: `Something is wrong: ${late}` });
  expect(lines.slice(-4)).toEqual([
    'Health',
    expect.stringMatching(/^ +executor:claude +warn +It is signed out\.$/),
    '',
    'Homer 1.2.3 is down, up 4 min, 12 processed, 3 queued, last heartbeat 2.0 s ago, pid 42, port 4663, in /h',
  ]);
});
