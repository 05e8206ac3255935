// Backups of the ledger at work: one at a time, on request and as often as configured, and the old ones thinned out. A backup counts
// once a process of its own has read the whole copy.

import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BackupConfig } from '../config/backup.ts';
import { believed, decideKept } from '../core/backup.ts';
import { HomerError, isHomerError, messageOf } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Finished } from './finish.ts';
import { finishInProcess } from './finish-process.ts';
import { claim, isAnothers } from './ownership.ts';
import {
  backupName,
  type BackupFile,
  listBackups,
  listUnfinished,
  unfinishedPrefix,
} from '../ledger/backup-names.ts';

export interface BackupsOptions {
  readonly ledger: Ledger;
  readonly home: string;
  readonly userHome: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly config: () => BackupConfig;
  readonly log: Log;
  /** Told why no backup can be made, and null when one was. */
  readonly onTrouble: (trouble: HomerError | null) => void;
  /** Homer's own unless given. */
  readonly pace?: BackupPace;
}

export interface BackupRequest {
  /** Absolute: a directory, or a file `.db` or `.db.age` that is not there; null: where it is configured. */
  readonly to: string | null;
  /** Recipients of age; null: those that are configured. */
  readonly recipients: readonly string[] | null;
}

export interface BackupState {
  /** Null: there is none yet. Milliseconds since the epoch. */
  readonly lastVerifiedAt: number | null;
  /** Nothing was written to the ledger since. */
  readonly isCurrent: boolean;
  /** Null: backups are off. */
  readonly nextAt: number | null;
}

/** All in ms. */
export interface BackupPace {
  /** From the start to a backup that is overdue: first there is more urgent work. */
  readonly settleMs: number;
  /** From the start to the first backup of all, at most. */
  readonly firstMs: number;
  /** After one that came to nothing, at most. */
  readonly retryMs: number;
  /** Timers do not run while the host sleeps: a longer wait is cut, so that a backup is at most this late after it woke up. */
  readonly longestWaitMs: number;
}

const usualPace: BackupPace = {
  settleMs: 10_000,
  firstMs: 300_000,
  retryMs: 900_000,
  longestWaitMs: 600_000,
};
/** Left free beside the copies: the log of the ledger grows meanwhile. */
const spareBytes = 64 * 1024 * 1024;

export class Backups implements Service {
  readonly #options: BackupsOptions;
  readonly #pace: BackupPace;
  readonly #startedAt: number;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #isStarted = false;
  /** One after the other; never rejects. */
  #line: Promise<unknown> = Promise.resolve();
  /** Something was written since the last backup began. */
  #isStale = true;
  #checkedAt: number | null = null;
  #failedAt: number | null = null;

  constructor(options: BackupsOptions) {
    this.#options = options;
    this.#pace = options.pace ?? usualPace;
    this.#startedAt = options.ledger.now();
    options.ledger.writer.join({
      afterCommit: (isUpkeep) => {
        if (!isUpkeep) this.#isStale = true;
      },
    });
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    for (const path of listUnfinished(this.#ownDirectory)) rmSync(path, { force: true });
    this.#arm(this.#pace.settleMs);
  }

  /** Ends a backup that is being made; what there is of it is removed. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#stopping.abort(new HomerError('HOMER_DRAINING', 'Homer stops.'));
    await this.#line;
  }

  /** The configuration was read again. */
  refresh(): void {
    if (this.#isStarted) this.#arm(0);
  }

  state(): BackupState {
    const lastVerifiedAt = this.#newestAt();
    return { lastVerifiedAt, isCurrent: !this.#isStale, nextAt: this.#nextAt() };
  }

  /** Resolves once it is verified and in its place. HOMER_BACKUP_FAILED, HOMER_BACKUP_BROKEN, HOMER_DRAINING. */
  make(request: BackupRequest): Promise<Finished> {
    const made = this.#line.then(() => this.#make(request));
    this.#line = made.catch(() => {
      // Told to whoever asked for it.
    });
    return made;
  }

  async #make({ to, recipients: asked }: BackupRequest): Promise<Finished> {
    const { ledger, home, userHome, env, version, log } = this.#options;
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const recipients = asked ?? this.#options.config().recipients;
    const madeAt = ledger.now();
    const copy = join(this.#ownDirectory, `${unfinishedPrefix}${randomUUID()}.db`);
    const wasStale = this.#isStale;
    try {
      const target = this.#targetOf(to, backupName(madeAt, recipients.length > 0));
      this.#requireRoom(recipients.length > 0 ? 2 : 1);
      this.#isStale = false;
      await ledger.copyTo(copy, signal);
      const order = { copy, target, recipients, home, userHome, madeAt, version };
      const finished = await finishInProcess(order, env, signal);
      log.info(
        { path: finished.path, bytes: finished.bytes, jobs: finished.jobs, ms: ledger.now() - madeAt },
        'backup verified',
      );
      for (const what of finished.leftOut) log.warn({ path: finished.path }, `not in the backup: ${what}`);
      return finished;
    } catch (error) {
      this.#isStale ||= wasStale;
      signal.throwIfAborted();
      throw asFailure(error);
    } finally {
      for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${copy}${end}`, { force: true });
    }
  }

  #targetOf(to: string | null, name: string): string {
    if (to === null) {
      const directory = this.#directory;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      if (directory !== this.#ownDirectory)
        claim(directory, this.#options.ledger.boots.lineage(), this.#options.home);
      return join(directory, name);
    }
    const found = statSync(to, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) return join(to, name);
    if (found !== undefined) throw new HomerError('HOMER_BACKUP_FAILED', `${to} is there already.`);
    // Else a stick that is not mounted would get a file in its place, on the disk that the backup is to be safe from.
    const isFileName = /\.db(\.age)?$/.test(to);
    const hasParent = statSync(dirname(to), { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFileName || !hasParent)
      throw new HomerError('HOMER_BACKUP_FAILED', `${isFileName ? dirname(to) : to} is no directory.`, {
        hint: 'Give a directory that is there (is the disk mounted?), or a new file in one, with a name that ends in .db or .db.age.',
      });
    return to;
  }

  #requireRoom(copies: number): void {
    const { bavail, bsize } = statfsSync(this.#ownDirectory);
    const needed = this.#options.ledger.size() * copies + spareBytes;
    const free = bavail * bsize;
    if (free >= needed) return;
    const [want, have] = [needed, free].map((bytes) => Math.ceil(bytes / 1024 / 1024));
    throw new HomerError('HOMER_BACKUP_FAILED', `A backup needs ${want} MiB, and ${have} MiB are free.`);
  }

  get #ownDirectory(): string {
    return join(this.#options.home, 'backups');
  }

  get #directory(): string {
    return this.#options.config().directory ?? this.#ownDirectory;
  }

  /** Newest first; those of another Homer, and what a clock that was wrong has dated ahead, stand for nothing of ours. */
  #list(): BackupFile[] {
    const { ledger } = this.#options;
    const now = ledger.now();
    const directory = this.#directory;
    if (directory !== this.#ownDirectory && isAnothers(directory, ledger.boots.lineage())) return [];
    return listBackups(directory).filter(({ madeAt }) => madeAt <= now);
  }

  /** Null: there is none. */
  #newestAt(): number | null {
    try {
      return this.#list()[0]?.madeAt ?? null;
    } catch {
      // A directory that cannot be read is told when the next one is to be made; until then nothing else may suffer from it.
      return null;
    }
  }

  #nextAt(): number | null {
    const { everyMs } = this.#options.config();
    if (everyMs === null) return null;
    const now = this.#options.ledger.now();
    const newest = Math.max(this.#newestAt() ?? 0, believed(this.#checkedAt, now) ?? 0);
    const startedAt = believed(this.#startedAt, now);
    const firstAt = startedAt === null ? now : startedAt + Math.min(everyMs, this.#pace.firstMs);
    const at = newest === 0 ? firstAt : newest + everyMs;
    const failedAt = believed(this.#failedAt, now);
    return failedAt === null ? at : Math.max(at, failedAt + Math.min(everyMs, this.#pace.retryMs));
  }

  #arm(atLeastMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const nextAt = this.#nextAt();
    if (nextAt === null) return;
    const waitMs = Math.min(
      this.#pace.longestWaitMs,
      Math.max(atLeastMs, nextAt - this.#options.ledger.now()),
    );
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { ledger, log, onTrouble } = this.#options;
    const now = ledger.now();
    try {
      if ((this.#nextAt() ?? Infinity) <= now) {
        // A copy of what is copied already would be worth nothing, and wear out the disk.
        if (this.#isStale) await this.make({ to: null, recipients: null });
        this.#checkedAt = now;
        this.#failedAt = null;
        onTrouble(null);
        this.#thinOut();
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failedAt = now;
      log.error({ error }, 'no backup could be made');
      onTrouble(asFailure(error));
    }
    if (this.#isStarted) this.#arm(1_000);
  }

  #thinOut(): void {
    const { config, log } = this.#options;
    const backups = this.#list();
    const kept = decideKept(
      backups.map(({ madeAt }) => madeAt),
      config().keep,
    );
    for (const { madeAt, path } of backups) {
      if (kept.has(madeAt)) continue;
      rmSync(path, { force: true });
      log.info({ path }, 'backup removed, others stand for it');
    }
  }
}

function asFailure(error: unknown): HomerError {
  if (isHomerError(error)) return error;
  return new HomerError('HOMER_BACKUP_FAILED', messageOf(error), { cause: error });
}
