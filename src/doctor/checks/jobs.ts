// What is under way, what stands still and why, and what nobody looks after.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { directoryIdentity, probeLock } from '../../lifecycle/lock.ts';
import { environmentValue, readProcesses } from '../../runner/process-table.ts';
import { type Check, factsOf } from '../check.ts';
import { note, ok, problem, type Outcome } from '../report.ts';

const about = 'jobs';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A runner takes this long to start, at the worst. */
const startMs = 120_000;
const crashesMs = 3_600_000;

export const jobChecks: readonly Check[] = [
  {
    id: 'runs-stale',
    about,
    severity: 'problem',
    why: 'A run that is said to go on and whose runner is gone holds its lane and its session, and its answer never comes.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      const stale = facts.openRuns.filter(
        ({ id, host, startedAt }) =>
          host === null &&
          around.now - (startedAt ?? around.now) > startMs &&
          isOver(join(around.home, 'runs', id)),
      );
      if (stale.length === 0) return ok(`Runs that go on: ${facts.openRuns.length}; each has its runner.`);
      const text = `${stale.length} ${stale.length === 1 ? 'run is' : 'runs are'} said to go on and ${stale.length === 1 ? 'has' : 'have'} no runner (${stale[0]?.id ?? ''}).`;
      return around.isRunning
        ? problem(text, { command: 'homer restart' })
        : note(`${text} The next start settles that.`, { command: 'homer start' });
    },
  },
  {
    id: 'orphans',
    about,
    severity: 'problem',
    why: 'Processes of a run that is over go on spending money and writing files, and nobody waits for them.',
    look(around) {
      const { home, isRunning } = around;
      const facts = factsOf(around);
      if (facts === null || !existsSync(home)) return null;
      const open = new Set(facts.openRuns.map(({ id }) => id));
      const left = processesOf(home).filter(({ runId }) => !open.has(runId));
      if (left.length === 0) return ok('No process of a run that is over is left.');
      const pids = left.map(({ pid }) => pid).join(', ');
      return problem(`Left of runs that are over: ${left.length === 1 ? 'process' : 'processes'} ${pids}.`, {
        command: isRunning ? 'homer cleanup' : 'homer start && homer cleanup',
      });
    },
  },
  {
    id: 'crash-loop',
    about: 'daemon',
    severity: 'problem',
    why: 'A daemon that crashes again and again starts its work later each time, at last after five minutes.',
    look(around) {
      const boots = factsOf(around)?.boots;
      if (boots === undefined) return null;
      const crashed = boots.filter(
        ({ ending, endedAt }) => ending === 'crashed' && around.now - (endedAt ?? 0) < crashesMs,
      );
      if (crashed.length < 3) return ok('It does not crash again and again.');
      return problem(`Homer crashed ${crashed.length} times within an hour.`, {
        command: 'homer logs --level error',
      });
    },
  },
  {
    id: 'held',
    about: 'daemon',
    severity: 'problem',
    why: 'After a restore, a copy or a move nothing runs until a person says that no other Homer works on the same.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      if (!facts.isHeld) return ok('Nothing is held.');
      return problem('Homer is held: its state directory was restored, copied or moved.', {
        command: around.isRunning ? 'homer resume' : 'homer start && homer resume',
      });
    },
  },
  {
    id: 'jobs-failed',
    about,
    severity: 'note',
    why: 'A failed job is the end of somebody’s wish; each names the step that mends it.',
    look(around) {
      const failed = factsOf(around)?.failedUnseen;
      if (failed === undefined) return null;
      return failed === 0
        ? ok('No failed job is unseen.')
        : note(`Failed within a week and seen by nobody: ${failed}.`, {
            command: 'homer jobs --state failed',
          });
    },
  },
  {
    id: 'jobs-parked',
    about,
    severity: 'note',
    why: 'A parked job waits for a limit to end, a network or a secret; which one decides whether you can help.',
    look(around) {
      const parked = factsOf(around)?.parked;
      if (parked === undefined) return null;
      if (parked.length === 0) return ok('No job is parked.');
      return parked.map(({ code, jobs, until }) => {
        const next = until === null ? '' : `, the next try at ${new Date(until).toISOString()}`;
        return note(`Parked: ${jobs} (${code ?? 'no reason given'}${next}).`, {
          command: 'homer jobs --state parked',
        });
      });
    },
  },
  {
    id: 'jobs-waiting',
    about,
    severity: 'note',
    why: 'An agent that asked waits, with all that it has begun, for an answer that only a person gives.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      const { waitingSince } = facts;
      if (waitingSince === null || around.now - waitingSince < hourMs)
        return ok('Nobody has waited for an answer for long.');
      return note(
        `An agent has waited for ${Math.round((around.now - waitingSince) / hourMs)} h for an answer.`,
        { command: 'homer approvals' },
      );
    },
  },
  {
    id: 'jobs-homeless',
    about,
    severity: 'problem',
    why: 'A job whose lane or executor was taken out of config.yaml waits for ever.',
    look(around) {
      const facts = factsOf(around);
      const { config } = around;
      if (facts === null || config === null) return null;
      const lanes = new Set([...Object.keys(config.lanes), 'default']);
      const gone = facts.open.filter(({ lane }) => !lanes.has(lane));
      if (gone.length === 0) return ok('Every open job has its lane.');
      return gone.map(({ lane, jobs }) =>
        problem(
          `Open jobs in the lane ${lane}, which config.yaml does not have: ${jobs}.`,
          `Put lanes.${lane} back, or cancel them: \`homer jobs --lane ${lane}\`.`,
        ),
      );
    },
  },
  {
    id: 'lanes-paused',
    about,
    severity: 'note',
    why: 'Jobs of a paused lane wait until somebody remembers it.',
    look(around) {
      const paused = factsOf(around)?.pausedLanes;
      if (paused === undefined) return null;
      return paused.length === 0
        ? ok('No lane is paused.')
        : paused.map((lane) =>
            note(`The lane ${lane} is paused.`, { command: `homer lanes resume ${lane}` }),
          );
    },
  },
  {
    id: 'deliveries',
    about,
    severity: 'note',
    why: 'Work that was done and an answer that never arrived are the same to whoever waits for it.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      const { unknown, dead, oldestPendingAt } = facts.deliveries;
      const found: Outcome[] = [];
      if (unknown > 0)
        found.push(
          note(`Messages of which nobody knows whether they arrived: ${unknown}.`, {
            command: 'homer deliveries --state unknown',
          }),
        );
      if (dead > 0)
        found.push(
          note(`Messages that were refused for good: ${dead}.`, { command: 'homer deliveries --state dead' }),
        );
      if (oldestPendingAt !== null && around.now - oldestPendingAt > hourMs)
        found.push(
          note(
            `A message has waited for ${Math.round((around.now - oldestPendingAt) / hourMs)} h to be sent.`,
            { command: 'homer deliveries --state pending' },
          ),
        );
      return found.length === 0 ? ok('No message is stuck.') : found;
    },
  },
  {
    id: 'schedules-paused',
    about: 'schedules',
    severity: 'note',
    why: 'A schedule that failed again and again was paused; it does nothing until it is resumed.',
    look(around) {
      const schedules = factsOf(around)?.schedules;
      if (schedules === undefined || schedules.length === 0) return null;
      const paused = schedules.filter(({ pausedBy }) => pausedBy === 'failures');
      return paused.length === 0
        ? ok('No schedule was paused by failures.')
        : paused.map(({ name, failures }) =>
            note(`The schedule ${name} was paused after ${failures} failures in a row.`, {
              command: `homer schedules log ${name}`,
            }),
          );
    },
  },
  {
    id: 'schedules-late',
    about: 'schedules',
    severity: 'problem',
    why: 'A schedule whose time has gone by while Homer runs does not fire: nobody would notice but by what is missing.',
    look(around) {
      const schedules = factsOf(around)?.schedules;
      if (schedules === undefined || schedules.length === 0) return null;
      const late = schedules.filter(
        ({ nextAt, pausedBy }) => pausedBy === null && nextAt !== null && around.now - nextAt > hourMs,
      );
      if (late.length === 0) return ok('No schedule is late.');
      const names = late.map(({ name }) => name).join(', ');
      return around.isRunning
        ? problem(`Due more than an hour ago and not fired: ${names}.`, { command: 'homer restart' })
        : note(`Due since, and decided at the next start: ${names}.`, { command: 'homer start' });
    },
  },
  {
    id: 'workers-silent',
    about: 'workers',
    severity: 'note',
    why: 'Jobs that only a worker can do wait for it; one that is gone for good is better taken off the list.',
    look(around) {
      const workers = factsOf(around)?.workers;
      if (workers === undefined || workers.length === 0) return null;
      const silent = workers.filter(({ seenAt }) => seenAt === null || around.now - seenAt > 7 * dayMs);
      return silent.length === 0
        ? ok(`Heard of within a week: ${workers.map(({ name }) => name).join(', ')}.`)
        : silent.map(({ name }) =>
            note(
              `Nothing was heard of the worker ${name} for a week.`,
              `Start it there, or \`homer workers remove ${name}\`.`,
            ),
          );
    },
  },
];

/** Only when the kernel says that nobody holds its lock. */
function isOver(directory: string): boolean {
  return !existsSync(directory) || probeLock(directory) === 'free';
}

/** Every process that was started for a run of this very home, by the mark that it inherited. */
function processesOf(home: string): { readonly pid: number; readonly runId: string }[] {
  const start = `${directoryIdentity(home)}/`;
  return readProcesses().flatMap(({ pid }) => {
    const marker = pid === process.pid ? null : environmentValue(pid, 'HOMER_RUN');
    return marker?.startsWith(start) === true ? [{ pid, runId: marker.slice(start.length) }] : [];
  });
}
