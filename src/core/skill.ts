// A skill as an agent is offered it, and the id of the set that a session was started with.

export interface OfferedSkill {
  readonly name: string;
  readonly description: string;
  /** Absolute path of its SKILL.md in the snapshot. */
  readonly path: string;
}

/** What an agent's program has to know of the skills of a turn. */
export interface TurnSkills {
  /**
   * Absolute path of the snapshot: `skills/` holds a folder for each skill, and the whole is a plugin as Claude Code has them.
   * Nobody writes to it.
   */
  readonly directory: string;
  /** Names of skills that agents also find by themselves: each is in the snapshot, or is not to be offered. */
  readonly hidden: readonly string[];
}

const snapshotIdShape = /^k[0-9a-f]{32}$/;

/** Made of the hash of what is in it: the same skills have the same id. */
export function isSnapshotId(text: string): boolean {
  return snapshotIdShape.test(text);
}
