-- What a person was told of a time without them, why the daemon restarted, and what schedules tell their jobs.

-- Why a boot ended, in words: a signal, a command, an error.
ALTER TABLE boots ADD COLUMN why TEXT;
-- The last sign of life of a boot that was killed, as the next one found it.
ALTER TABLE boots ADD COLUMN seen_at INTEGER;

-- One row per time of which somebody was told, written with the message that tells it.
CREATE TABLE digests (
  seq         INTEGER PRIMARY KEY,
  cause       TEXT    NOT NULL CHECK (cause IN ('downtime', 'silence')),
  since       INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  delivery_id TEXT    NOT NULL
) STRICT;

CREATE INDEX occurrences_missed ON occurrences (decided_at) WHERE state = 'missed';

-- Text that says that there is nothing to say: a result of just this is told to nobody.
ALTER TABLE jobs ADD COLUMN quiet TEXT;
ALTER TABLE schedules ADD COLUMN quiet TEXT;
-- Times of day, such as 08:00-22:00, outside of which it is not due.
ALTER TABLE schedules ADD COLUMN hours TEXT;
-- JSON: limits and other wishes for its jobs; NULL: the defaults.
ALTER TABLE schedules ADD COLUMN job_options TEXT;
