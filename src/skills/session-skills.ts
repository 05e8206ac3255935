// Which skills a run is given: the snapshot of its turn, taken when the turn begins, kept for its further tries and until its session
// has another. Whoever copies or collects does it alone, the row that names a snapshot included, so nothing that was copied is
// collected before it is named.

import { join, resolve } from 'node:path';
import { existsSync, realpathSync } from 'node:fs';
import type { Config, SkillsConfig } from '../config/config.ts';
import type { OfferedSkill, TurnSkills } from '../core/skill.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import type { Skills } from './open.ts';
import { sweepDrafts } from './install-draft.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { snapshotOf, type OmittedSkill, type Snapshot } from './snapshot.ts';
import { listRoots, managedFolder, type SkillRoot } from './sources.ts';
import type { SkillStatus } from './status.ts';
import { createSnapshotTaker, type SnapshotTaker } from './take-snapshot.ts';
import { variablesOf, type SkillVariable } from './variables.ts';

/** What a run is given. */
export interface GivenSkills {
  readonly turn: TurnSkills;
  readonly offered: readonly OfferedSkill[];
  readonly variables: readonly SkillVariable[];
}

/** What `skills.list` says. */
export interface SessionSkills {
  /** Null: none was taken yet; then these are the skills that a turn would be judged by now. */
  readonly snapshotId: string | null;
  readonly skills: readonly SkillStatus[];
  readonly warnings: readonly { path: string; line: number | null; code: string; message: string }[];
}

export interface SessionSkillsOptions {
  readonly ledger: Ledger;
  /** The state directory. */
  readonly home: string;
  readonly userHome: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: () => Config;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
  readonly pass?: PassWaypoint;
}

interface Reader {
  readonly skills: Skills;
  readonly taker: SnapshotTaker;
}

const nothing = snapshotOf([], [], []);
const nothingMissing = { bins: [], anyBins: [], env: [], config: [], os: [] };

/** Skills left out for one reason that the log names. */
const mostNamed = 10;

function byMessage(omitted: readonly OmittedSkill[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { path, message } of omitted) found.set(message, [...(found.get(message) ?? []), path]);
  return found;
}

export class SkillsOfSessions {
  readonly #options: SessionSkillsOptions;
  readonly #store: SnapshotStore;
  #reader: Promise<Reader> | null = null;
  /** What an install that was killed left behind is looked for once. */
  #wasSwept = false;
  readonly #told = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SessionSkillsOptions) {
    this.#options = options;
    this.#store = new SnapshotStore(options.home, options.pass);
  }

  /** What would be offered now for work in `cwd` (null: anywhere). */
  async look(cwd: string | null): Promise<Snapshot> {
    return this.#isNothingThere(cwd) ? nothing : (await this.#read()).taker.look(cwd, this.#config());
  }

  /** The folders that are looked through for work in `cwd` (null: anywhere). */
  roots(cwd: string | null): readonly SkillRoot[] {
    const { home, userHome } = this.#options;
    return listRoots({ home, userHome, cwd }, this.#config());
  }

  /**
   * The skills of the job's next run in `cwd`; null when there is none to speak of. Rejects as the file system and the ledger do:
   * a run is not begun without what it was promised.
   */
  async prepare(job: Pick<JobRecord, 'id' | 'sessionId'>, cwd: string): Promise<GivenSkills | null> {
    const snapshot = await this.#alone(async () => {
      const { jobSnapshots } = this.#options.ledger;
      const earlier = jobSnapshots.of(job.id);
      const kept = earlier === null ? null : await this.#store.findWhole(earlier);
      if (kept !== null) return kept;
      const taken = await this.#take(cwd);
      await this.#options.ledger.commit(() => jobSnapshots.give(job, taken.id));
      return taken;
    });
    this.#tellOmitted(snapshot);
    if (snapshot.skills.length === 0 && snapshot.hidden.length === 0) return null;
    const directory = this.#directory(snapshot.id);
    return {
      turn: { directory, hidden: snapshot.hidden },
      offered: snapshot.skills.map(({ name, description, folder }) => ({
        name,
        description,
        path: join(directory, 'skills', folder, 'SKILL.md'),
      })),
      variables: variablesOf(snapshot.skills, this.#config()),
    };
  }

  /** The skills of a session, by its name or id, or those for work anywhere. HOMER_SESSION_UNKNOWN. */
  async list(session: string | null): Promise<SessionSkills> {
    const { ledger, home } = this.#options;
    const found = session === null ? null : ledger.sessions.get(session);
    const id = found?.snapshotId ?? null;
    const snapshot = id === null ? null : await this.#store.find(id);
    if (snapshot !== null) return this.#viewSnapshot(snapshot);
    const cwd = found === null ? null : resolve(home, found.cwd);
    const { skills } = await this.#read();
    return { snapshotId: null, ...skills.report(await skills.list(cwd, this.#config())) };
  }

  /** Removes snapshots that no open session and no living job has. Resolves with their ids. */
  async collect(): Promise<readonly string[]> {
    const { ledger } = this.#options;
    return this.#alone(async () => {
      if (!this.#wasSwept) await sweepDrafts(join(this.#options.home, managedFolder));
      this.#wasSwept = true;
      if (ledger.jobSnapshots.hasEnded()) await ledger.commit(() => ledger.jobSnapshots.forgetEnded());
      return this.#store.collect(ledger.jobSnapshots.named());
    });
  }

  /** Once for each reason, not at every turn. */
  #tellOmitted({ omitted }: Snapshot): void {
    for (const [message, paths] of byMessage(omitted)) {
      const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : '';
      const are = paths.length === 1 ? 'is' : 'are';
      const text = `${paths.slice(0, mostNamed).join(', ')}${more} ${are} not handed to agents: ${message}`;
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      this.#options.onError(new Error(text), { part: 'skills' });
    }
  }

  #viewSnapshot({ id, skills, omitted }: Snapshot): SessionSkills {
    const directory = this.#directory(id);
    return {
      snapshotId: id,
      skills: skills.map(({ name, source, folder, userInvocable }) => ({
        name,
        source,
        path: join(directory, 'skills', folder, 'SKILL.md'),
        eligible: true,
        disabled: false,
        blockedByAllowlist: false,
        modelVisible: true,
        userInvocable,
        missing: nothingMissing,
      })),
      warnings: omitted.map(({ path, message }) => ({ path, line: null, code: 'not_copied', message })),
    };
  }

  async #take(cwd: string): Promise<Snapshot> {
    if (!this.#isNothingThere(cwd)) return (await this.#read()).taker.take(cwd, this.#config());
    await this.#store.write(nothing, () => {
      throw new Error('Nothing is in it.');
    });
    return nothing;
  }

  /** Whoever has no skills does not pay for them. */
  #isNothingThere(cwd: string | null): boolean {
    return !this.roots(cwd).some(({ path }) => existsSync(path));
  }

  /** Parsers are loaded when something is to be read, so that no start waits for them. */
  #read(): Promise<Reader> {
    this.#reader ??= import('./open.ts').then(({ openSkills }) => {
      const skills = openSkills(this.#options);
      return { skills, taker: createSnapshotTaker(skills, this.#store) };
    });
    return this.#reader;
  }

  /** Real, since that is what a sandbox mounts. */
  #directory(id: string): string {
    return realpathSync(this.#store.directory(id));
  }

  #config(): SkillsConfig {
    return this.#options.config().skills;
  }

  /** One after the other. */
  #alone<Value>(act: () => Promise<Value>): Promise<Value> {
    const mine = this.#turn.then(act);
    // The next one comes whatever became of this one, of which its own caller is told.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
