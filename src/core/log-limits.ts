// How much of the daemon's log is kept.

export interface LogLimits {
  /** A file of this many bytes is set aside, and another one begun. */
  readonly maxBytes: number;
  /** Files whose last line is older are removed, ms. */
  readonly maxAgeMs: number;
  /** So many files are kept beside the one that is written to. */
  readonly keep: number;
}

/** At most 120 MB. */
export const defaultLogLimits: LogLimits = { maxBytes: 8_000_000, maxAgeMs: 30 * 86_400_000, keep: 14 };
