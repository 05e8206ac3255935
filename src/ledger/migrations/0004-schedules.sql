-- Schedules, reminders among them, and their occurrences.

CREATE TABLE schedules (
  seq              INTEGER PRIMARY KEY,
  id               TEXT    NOT NULL UNIQUE,
  name             TEXT    NOT NULL,
  origin           TEXT    NOT NULL CHECK (origin IN ('file', 'made', 'reminder')),
  -- Who made it, and whether with the rights of the owner.
  source           TEXT    NOT NULL,
  by_owner         INTEGER NOT NULL,
  request_key      TEXT,
  kind             TEXT    NOT NULL CHECK (kind IN ('at', 'every', 'cron')),
  spec             TEXT    NOT NULL,
  time_zone        TEXT    NOT NULL,
  anchor_at        INTEGER NOT NULL,
  catch_up         TEXT    NOT NULL CHECK (catch_up IN ('skip', 'once', 'all')),
  window_ms        INTEGER NOT NULL,
  overlap          TEXT    NOT NULL CHECK (overlap IN ('skip', 'queue', 'replace')),
  jitter_ms        INTEGER NOT NULL,
  -- Failures in a row after which it is paused; 0: never.
  pause_after      INTEGER NOT NULL,
  -- 1: its prompt is said to a person, 0: it is the task of a job.
  says             INTEGER NOT NULL DEFAULT 0,
  prompt           TEXT    NOT NULL,
  executor         TEXT,
  lane             TEXT,
  session          TEXT,
  cwd              TEXT,
  notify           TEXT,
  paused_by        TEXT CHECK (paused_by IN ('person', 'failures', 'config')),
  failures         INTEGER NOT NULL DEFAULT 0,
  -- Every due time up to here is decided.
  decided_at       INTEGER NOT NULL,
  -- Due times up to here could not fire since Homer was held.
  missed_until     INTEGER NOT NULL DEFAULT 0,
  next_at          INTEGER,
  -- next_at with its jitter; NULL while it is paused, over or removed.
  fire_at          INTEGER,
  created_at       INTEGER NOT NULL,
  removed_at       INTEGER
) STRICT;

CREATE UNIQUE INDEX schedules_name ON schedules (name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX schedules_request ON schedules (source, request_key) WHERE request_key IS NOT NULL;
CREATE INDEX schedules_fire ON schedules (fire_at) WHERE fire_at IS NOT NULL;

CREATE TABLE occurrences (
  seq         INTEGER PRIMARY KEY,
  schedule_id TEXT    NOT NULL,
  due_at      INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('pending', 'ran', 'failed', 'skipped', 'missed', 'delivery_failed')),
  job_id      TEXT,
  reason      TEXT,
  decided_at  INTEGER NOT NULL,
  ended_at    INTEGER,
  -- 1: a message that nobody has said to have seen.
  unseen      INTEGER NOT NULL DEFAULT 0,
  UNIQUE (schedule_id, due_at)
) STRICT;

CREATE UNIQUE INDEX occurrences_job ON occurrences (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX occurrences_open ON occurrences (schedule_id, due_at) WHERE state = 'pending';
CREATE INDEX occurrences_unseen ON occurrences (seq) WHERE unseen = 1;
