import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRecovery, maxStarts, type LeftRun, type Recovery } from './recovery.ts';
import { verdicts } from './verdict.ts';

/** A run whose runner is gone and that left nothing but its start. */
const gone: LeftRun = {
  lock: 'free',
  foreignGeneration: false,
  starts: 1,
  agentMayHaveStarted: true,
  unreadable: false,
  exitVerdict: null,
  journalVerdict: null,
  tree: 'dead',
  hostRestarted: false,
  endRequested: false,
};

const person: Recovery = { do: 'waitForPerson' };
const rows: readonly [string, Partial<LeftRun>, Recovery][] = [
  ['its runner lives: adopt it', { lock: 'held' }, { do: 'adopt' }],
  [
    'its runner lives and has written its end: adopt it, it is about to go',
    { lock: 'held', exitVerdict: 'done' },
    { do: 'adopt' },
  ],
  [
    'its runner lives and the tree looks unproven: the lock decides',
    { lock: 'held', tree: 'unproven' },
    { do: 'adopt' },
  ],
  [
    'its runner lives, of a ledger before a restore: end it',
    { lock: 'held', foreignGeneration: true },
    { do: 'end' },
  ],
  ['the kernel does not say whether it lives: a person', { lock: 'unknown' }, person],
  [
    'the kernel does not say, and there is an end: still a person',
    { lock: 'unknown', exitVerdict: 'done' },
    person,
  ],
  ['it never started its agent: start it again', { agentMayHaveStarted: false, starts: 1 }, { do: 'start' }],
  ['its runner was never even spawned: start it', { agentMayHaveStarted: false, starts: 0 }, { do: 'start' }],
  [
    'it came to nothing twice: start it a third time',
    { agentMayHaveStarted: false, starts: 2 },
    { do: 'start' },
  ],
  [
    'it came to nothing three times: a crash',
    { agentMayHaveStarted: false, starts: 3 },
    { do: 'settle', verdict: 'lost' },
  ],
  [
    'it never started its agent, but cannot be shown dead: a person',
    { agentMayHaveStarted: false, tree: 'unproven' },
    person,
  ],
  ['its files are of a version that is not known: a person', { unreadable: true }, person],
  [
    'no file of it can be read, not even that its agent was started: a person',
    { unreadable: true, agentMayHaveStarted: false },
    person,
  ],
  ['it wrote its end: settle from that', { exitVerdict: 'agent_error' }, { do: 'settleFromExit' }],
  [
    'it wrote its end after a host restart: settle from that',
    { exitVerdict: 'agent_error', hostRestarted: true },
    { do: 'settleFromExit' },
  ],
  [
    'it wrote an answer while something it started lives on: the answer counts',
    { exitVerdict: 'done', tree: 'unproven' },
    { do: 'settleFromExit' },
  ],
  [
    'it wrote a failure while something it started lives on: a person, since a retry would run beside it',
    { exitVerdict: 'agent_error', tree: 'unproven' },
    person,
  ],
  [
    'both end and journal say how it ended: the end counts',
    { exitVerdict: 'agent_error', journalVerdict: 'done' },
    { do: 'settleFromExit' },
  ],
  [
    'only the journal says how it ended: settle from that',
    { journalVerdict: 'agent_error' },
    { do: 'settleFromJournal' },
  ],
  [
    'the journal has an answer while something lives on: the answer counts',
    { journalVerdict: 'done', tree: 'unproven' },
    { do: 'settleFromJournal' },
  ],
  [
    'the journal has a failure while something lives on: a person',
    { journalVerdict: 'agent_error', tree: 'unproven' },
    person,
  ],
  ['nothing is known and something may live: a person', { tree: 'unproven' }, person],
  [
    'the host was restarted and something may live: a person',
    { tree: 'unproven', hostRestarted: true },
    person,
  ],
  ['the host was restarted: interrupted', { hostRestarted: true }, { do: 'settle', verdict: 'interrupted' }],
  [
    'the host was restarted before the agent started: interrupted',
    { hostRestarted: true, agentMayHaveStarted: false },
    { do: 'settle', verdict: 'interrupted' },
  ],
  ['it was told to end: interrupted', { endRequested: true }, { do: 'settle', verdict: 'interrupted' }],
  ['it is gone without a word: lost', {}, { do: 'settle', verdict: 'lost' }],
  [
    'of a ledger before a restore, gone without a word: interrupted, nothing is burnt',
    { foreignGeneration: true, starts: 0, agentMayHaveStarted: false },
    { do: 'settle', verdict: 'interrupted' },
  ],
];

test.each(rows)('%s', (_name, changes, expected) => {
  expect(decideRecovery({ ...gone, ...changes })).toEqual(expected);
});

const verdict = fc.option(fc.constantFrom(...verdicts), { nil: null });
const anyRun: fc.Arbitrary<LeftRun> = fc.record({
  lock: fc.constantFrom('held', 'free', 'unknown'),
  foreignGeneration: fc.boolean(),
  starts: fc.nat(maxStarts + 2),
  agentMayHaveStarted: fc.boolean(),
  exitVerdict: verdict,
  journalVerdict: verdict,
  tree: fc.constantFrom('dead', 'unproven'),
  unreadable: fc.boolean(),
  hostRestarted: fc.boolean(),
  endRequested: fc.boolean(),
});

test('whatever is found: nothing is run a second time unless the first is proved over', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      const decision = decideRecovery(run);
      const answered = run.exitVerdict === 'done' || run.journalVerdict === 'done';
      const proved = run.lock === 'free' && run.tree === 'dead';
      if (decision.do === 'start' || decision.do === 'settle') expect(proved).toBe(true);
      if (decision.do === 'settleFromExit' || decision.do === 'settleFromJournal')
        expect(proved || (run.lock === 'free' && answered)).toBe(true);
      if (decision.do === 'start') expect(run.agentMayHaveStarted || run.starts >= maxStarts).toBe(false);
      if (run.lock !== 'held') expect(['adopt', 'end']).not.toContain(decision.do);
    }),
    { numRuns: 2_000 },
  );
});

test('whatever is found: an end that was written down with the tree dead is never thrown away', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      fc.pre(run.lock === 'free' && run.tree === 'dead');
      if (run.exitVerdict !== null) expect(decideRecovery(run).do).toBe('settleFromExit');
      else if (run.journalVerdict !== null) expect(decideRecovery(run).do).toBe('settleFromJournal');
    }),
  );
});
