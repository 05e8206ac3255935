// Watches the folders of skills, tells what changed, and lets go of snapshots that nobody has any more. It only tells: a turn looks at
// the folders itself when it begins, so what a watch misses (a network disk, too many folders) is not missed by an agent. Nothing here
// wakes up while nothing happens.

import { setTimeout as delay } from 'node:timers/promises';
import { resolve } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import type { Service } from '../lifecycle/service.ts';
import { findChanges } from './changes.ts';
import type { SkillsOfSessions } from './session-skills.ts';
import type { Snapshot } from './snapshot.ts';
import { WatchedFolders } from './watched-folders.ts';

export interface SkillWatchOptions {
  readonly skills: SkillsOfSessions;
  readonly ledger: Ledger;
  /** The state directory. */
  readonly home: string;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
  /** Told once the folders are watched. */
  readonly onWatching?: () => void;
  readonly times?: Partial<SkillWatchTimes>;
}

/** Milliseconds. */
export interface SkillWatchTimes {
  /** Until the watch begins, so that no start waits for it. */
  readonly beginMs: number;
  /** Without a change, until what changed is looked at; but no longer than `patienceMs` after the first. */
  readonly quietMs: number;
  readonly patienceMs: number;
  /** Between something that happened to a job or session and the look at what it leaves behind. */
  readonly collectMs: number;
}

const usual: SkillWatchTimes = { beginMs: 1_000, quietMs: 250, patienceMs: 2_000, collectMs: 2_000 };
/** Workspaces of open sessions that are watched, those used last. */
const mostWorkspaces = 50;

export class SkillWatch implements Service {
  readonly #options: SkillWatchOptions;
  readonly #times: SkillWatchTimes;
  readonly #stopping = new AbortController();
  #watcher: WatchedFolders | null = null;
  /** What agents would be offered, by where they work (null: anywhere). */
  #seen = new Map<string | null, Snapshot>();
  #unsubscribe: (() => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | null = null;
  #restlessSince: number | null = null;
  #collecting: NodeJS.Timeout | null = null;

  constructor(options: SkillWatchOptions) {
    this.#options = options;
    this.#times = { ...usual, ...options.times };
  }

  /** Resolves at once; the folders are watched a little later. */
  async start(): Promise<void> {
    if (this.#stopping.signal.aborted || this.#unsubscribe !== null) return;
    this.#unsubscribe = this.#options.ledger.events.subscribe(() => this.#collectSoon());
    this.#do('watch', async () => {
      await delay(this.#times.beginMs, undefined, { signal: this.#stopping.signal, ref: false });
      await this.#open();
    });
    this.#collectSoon();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#unsubscribe?.();
    for (const timer of [this.#quiet, this.#collecting]) if (timer !== null) clearTimeout(timer);
    await this.#work;
    await this.#watcher?.close();
    this.#watcher = null;
  }

  /** The configuration may name other folders now, or switch skills off. */
  refresh(): void {
    if (this.#watcher !== null) this.#lookSoon();
  }

  async #open(): Promise<void> {
    this.#watcher = await WatchedFolders.open({
      onChange: () => this.#lookSoon(),
      onError: (error) => this.#options.onError(error, { part: 'skills' }),
    });
    const ready = this.#watcher.ready();
    await this.#follow();
    await Promise.race([ready, aborted(this.#stopping.signal)]);
    this.#options.onWatching?.();
  }

  /** Watches the folders of now and no others; a place that is new is looked at, so that later changes can be told. */
  async #follow(): Promise<void> {
    const { skills, ledger, home } = this.#options;
    const directories = ledger.jobSnapshots.directories(mostWorkspaces).map((cwd) => resolve(home, cwd));
    const places: readonly (string | null)[] = [null, ...new Set(directories)];
    this.#watcher?.set(places.flatMap((place) => skills.roots(place)));
    const seen = new Map<string | null, Snapshot>();
    for (const place of places) seen.set(place, this.#seen.get(place) ?? (await skills.look(place)));
    this.#seen = seen;
  }

  #lookSoon(): void {
    if (this.#stopping.signal.aborted) return;
    const now = performance.now();
    this.#restlessSince ??= now;
    const left = this.#restlessSince + this.#times.patienceMs - now;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = setTimeout(
      () => {
        this.#restlessSince = null;
        this.#do('look', () => this.#look());
      },
      Math.max(0, Math.min(this.#times.quietMs, left)),
    );
  }

  async #look(): Promise<void> {
    const { skills, ledger } = this.#options;
    await this.#follow();
    const told = new Set<string>();
    for (const [place, before] of this.#seen) {
      const after = await skills.look(place);
      this.#seen.set(place, after);
      const changes = findChanges(before, after);
      // What changed everywhere is told once.
      if (changes === null || told.has(JSON.stringify(changes))) continue;
      told.add(JSON.stringify(changes));
      const data = { cwd: place, ...changes };
      await ledger.commit(() => ledger.events.append(ledger.now(), 'skills.changed', null, null, data));
    }
  }

  #collectSoon(): void {
    if (this.#stopping.signal.aborted) return;
    this.#collecting ??= setTimeout(() => {
      this.#collecting = null;
      this.#do('collect', async () => {
        await this.#options.skills.collect();
        if (this.#watcher !== null) await this.#follow();
      });
    }, this.#times.collectMs);
  }

  /** One after the other; a failure is told and ends nothing. */
  #do(part: string, act: () => Promise<void>): void {
    this.#work = this.#work.then(act).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#options.onError(error, { part: 'skills', doing: part });
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
