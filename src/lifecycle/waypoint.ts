// The numbered points of a task's path (docs/architecture.md), at which a crash must lose nothing and repeat nothing.

export type Waypoint =
  | '1-accepted'
  | '2-acknowledged'
  | '3-claimed'
  | '4-recorded'
  | '5-specified'
  | '6-spawned'
  | '7-followed'
  | '7-ended'
  | '8-settled';

/** The same for a question of an agent: in the ledger; answered, and its job has its slot; told to the runner. */
export type QuestionPoint = 'a1-noted' | 'a2-answered' | 'a3-told';

/**
 * The same for a message: taken from a channel, not yet in the ledger; in the ledger, the channel not yet told (its offset has
 * not moved); an attempt to send is about to be made; the channel has it, the ledger not; the ledger has it.
 */
export type MessagePoint = 'm1-received' | 'm2-kept' | 'd1-begun' | 'd2-sent' | 'd3-stored';

/** The same for the skills of a run: a file is copied; all are, under a hidden name; under their own; and the way back. */
export type SkillPoint = 'k1-blob' | 'k2-written' | 'k3-renamed' | 'k4-dead' | 'k5-removed';

/** Called when a point has been passed. The daemon's own does nothing; the chaos suite's kills the process there. */
export type PassWaypoint = (point: Waypoint | QuestionPoint | MessagePoint | SkillPoint) => void;

export const passOn: PassWaypoint = () => undefined;

/** The same for the runner, between its lock and its verdict. */
export type RunPoint =
  | 'r1-locked'
  | 'r2-briefed'
  | 'r3-recorded'
  | 'r4-agent-started'
  | 'r5-journal-synced'
  | 'r6-exit-written'
  | 'r7-exit-renamed';

export type PassRunPoint = (point: RunPoint) => void;
