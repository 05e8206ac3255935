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

/** Called when a point has been passed. The daemon's own does nothing; the chaos suite's kills the process there. */
export type PassWaypoint = (point: Waypoint) => void;

export const passOn: PassWaypoint = () => undefined;
