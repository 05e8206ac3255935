// The ledger: that it can be read, is whole, is written in the way that loses nothing, and is neither newer nor much larger than it
// should be.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { newestMigration } from '../../ledger/database.ts';
import { mendFile } from '../../ledger/mend.ts';
import { type Around, type Check, factsOf } from '../check.ts';
import { gibibyte, mebibyte, sizeText } from '../files.ts';
import { note, ok, problem } from '../report.ts';

const about = 'ledger';
/** The daemon cuts its log back to half of this. */
const largeLog = 128 * mebibyte;
const large = 4 * gibibyte;
const dayMs = 86_400_000;
/** Clocks of machines differ by less, and event times are rounded. */
const slackMs = 300_000;
/** Before this no Homer was written: a clock that says so has lost its battery. */
const firstHomer = Date.UTC(2026, 0, 1);
const ageText = (ms: number): string =>
  ms < 2 * 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;

export const ledgerChecks: readonly Check[] = [
  {
    id: 'ledger-readable',
    about,
    severity: 'problem',
    why: 'The ledger is the truth about every job; without it nothing is known and nothing starts.',
    look({ ledger, home }) {
      if (ledger.state === 'none') return null;
      if (ledger.state === 'read') return ok(`The ledger can be read (${sizeText(ledger.facts.bytes)}).`);
      if (ledger.isBroken)
        return problem(`${join(home, 'homer.db')} cannot be read: ${ledger.why}.`, {
          command: 'homer backup list',
        });
      return note(`The ledger was not looked at. ${ledger.why}`);
    },
  },
  {
    id: 'ledger-whole',
    about,
    severity: 'problem',
    why: 'A damaged page is found when it is read, which may be months later, when no good backup is left.',
    look({ ledger, daemon, now }) {
      if (ledger.state !== 'read') return null;
      if (ledger.isWhole === true)
        return ok('Every page of the ledger was checked, and what must hold in it holds.');
      if (ledger.isWhole === false)
        return problem(
          `The ledger is damaged: ${ledger.damage.slice(0, 3).join('; ')}.`,
          'Put a backup back: `homer backup list`, then `homer restore FILE`.',
        );
      // While a daemon works on it the pages are checked in the copies it makes.
      const verifiedAt = daemon?.backup?.lastVerifiedAt ?? null;
      if (verifiedAt === null)
        return note('Its pages were not checked: that is done with each backup.', {
          command: 'homer backup',
        });
      return ok(`Its pages were checked with the backup ${ageText(now - Date.parse(verifiedAt))} ago.`);
    },
  },
  {
    id: 'ledger-schema',
    about,
    severity: 'problem',
    why: 'A ledger that a newer Homer has written is refused by this one, so that nothing in it is misread.',
    look({ ledger }) {
      if (ledger.state === 'none') return null;
      const schema = ledger.state === 'read' ? ledger.facts.schema : ledger.schema;
      if (schema === null) return null;
      const newest = newestMigration();
      if (schema > newest)
        return problem(
          `The ledger has version ${schema}, this Homer knows ${newest}.`,
          'Install the newer Homer again, or put back a backup from before it.',
        );
      return schema === newest
        ? ok(`It has the version of this Homer (${schema}).`)
        : note(`It has version ${schema}; the next start takes it to ${newest}, after a backup.`);
    },
  },
  {
    id: 'ledger-durable',
    about,
    severity: 'problem',
    why: 'What was acknowledged must be on disk: with anything less than FULL, cut power lost jobs in 14 of 30 tries.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      // As a backup is that was put back; nothing is written to it before the next start.
      if (!around.isRunning && facts.journal !== 'wal')
        return note('The ledger was put back or copied; the next start has it written as it must be.');
      if (facts.journal !== 'wal' || facts.synchronous < 2)
        return problem(
          `The ledger is written with journal_mode=${facts.journal} and synchronous=${facts.synchronous}.`,
          'Restart Homer: `homer restart`. If it stays, another program has changed homer.db.',
        );
      return ok('What is acknowledged is on disk first (WAL, FULL).');
    },
  },
  {
    id: 'ledger-log',
    about,
    severity: 'note',
    why: 'A write-ahead log that is never folded in grows without end and makes every start slower.',
    look({ home, isRunning }) {
      const bytes = statSync(join(home, 'homer.db-wal'), { throwIfNoEntry: false })?.size ?? null;
      if (bytes === null) return null;
      if (bytes <= largeLog) return ok(`Its write-ahead log has ${sizeText(bytes)}.`);
      const step = isRunning
        ? 'Another program reads the ledger and never ends: see `ledger.shared`.'
        : { command: 'homer doctor --fix' };
      return note(`The write-ahead log of the ledger has ${sizeText(bytes)}.`, step);
    },
    mend: (around) =>
      isOurs(around) && mendFile(around.home, 'log') !== null
        ? ['The write-ahead log was folded into the ledger.']
        : [],
  },
  {
    id: 'ledger-indices',
    about,
    severity: 'problem',
    why: 'Without one of its indices every claim reads every job there is.',
    look(around) {
      const missing = factsOf(around)?.missingIndices;
      if (missing === undefined) return null;
      return missing.length === 0
        ? ok('It has all of its indices.')
        : problem(`The ledger lacks ${missing.join(', ')}.`, 'Stop Homer, then `homer doctor --fix`.');
    },
    mend(around) {
      const made = isOurs(around) ? (mendFile(around.home, 'indices') ?? []) : [];
      return made.map((name) => `The index ${name} was made.`);
    },
  },
  {
    id: 'ledger-size',
    about,
    severity: 'note',
    why: 'Backups, the first page of every list and the time to restore grow with it.',
    look(around) {
      const facts = factsOf(around);
      if (facts === null) return null;
      if (facts.bytes > large)
        return note(
          `The ledger has ${sizeText(facts.bytes)}.`,
          'Shorten `retention.jobs` in config.yaml, then `homer cleanup`.',
        );
      return ok(`The ledger has ${sizeText(facts.bytes)}.`);
    },
  },
  {
    id: 'retention',
    about,
    severity: 'note',
    why: 'Without an end to what is kept, prompts and answers of years lie about, and the disk fills.',
    look(around) {
      const { config, now } = around;
      const oldest = factsOf(around)?.oldestJobAt ?? null;
      if (config === null || oldest === null) return null;
      const days = Math.floor((now - oldest) / dayMs);
      const { jobsMs, journalsMs } = config.retention;
      if (jobsMs !== null && journalsMs !== null)
        return ok(`The oldest job is ${days} days old; what has ended goes with its time.`);
      if (days <= 365)
        return ok(`Some of what has ended is kept for ever; the oldest job is ${days} days old.`);
      return note(
        `The oldest job is ${days} days old, and retention is off.`,
        'Set `retention: { jobs: 90d, journals: 30d }` in config.yaml.',
      );
    },
  },
  {
    id: 'clock',
    about: 'time',
    severity: 'problem',
    why: 'With a clock that was set back schedules fire twice or not at all, and what is over its time stays.',
    look(around) {
      const { now } = around;
      if (now < firstHomer)
        return problem(
          `The clock says ${new Date(now).toISOString()}.`,
          'Set the clock; `timedatectl set-ntp true` keeps it right.',
        );
      const last = factsOf(around)?.lastEventAt ?? null;
      if (last !== null && last - now > slackMs)
        return problem(
          `The newest event of the ledger is from ${new Date(last).toISOString()}, ${ageText(last - now)} after now.`,
          'Set the clock; `timedatectl set-ntp true` keeps it right.',
        );
      return ok('The clock goes on from where the ledger ended.');
    },
  },
];

/** Nobody may have the ledger open while it is mended; the lock is taken for that, too. */
function isOurs({ isRunning, lock }: Around): boolean {
  return !isRunning && lock === 'free';
}
