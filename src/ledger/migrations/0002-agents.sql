-- Sessions, approvals, jobs that wait while their run lives, children, limits and what was spent.

CREATE TABLE sessions (
  seq              INTEGER PRIMARY KEY,
  id               TEXT    NOT NULL UNIQUE,
  name             TEXT    NOT NULL,
  channel          TEXT,
  executor         TEXT    NOT NULL,
  lane             TEXT    NOT NULL,
  cwd              TEXT    NOT NULL,
  -- NULL: the next turn begins a fresh one. It is of no use to another executor than the one it was made by.
  agent_session_id TEXT,
  agent_executor   TEXT,
  snapshot_id      TEXT,
  -- Turns with a greater jobs.seq belong to the conversation as it is now; a reset moves this on.
  since_seq        INTEGER NOT NULL DEFAULT 0,
  -- A fork goes on from the turns of another session up to this jobs.seq.
  forked_from      TEXT,
  forked_seq       INTEGER,
  created_at       INTEGER NOT NULL,
  last_turn_at     INTEGER,
  ended_at         INTEGER
) STRICT;

CREATE UNIQUE INDEX sessions_open ON sessions (name) WHERE ended_at IS NULL;

-- 1 while an earlier turn of the same session has not ended: such a job is queued and cannot be claimed.
ALTER TABLE jobs ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
-- 1 while the job waits and its run lives on; it holds no slot of its lane then.
ALTER TABLE jobs ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN waiting_for TEXT CHECK (waiting_for IN ('approval', 'children'));
-- What it waited for is there, so it wants its slot back.
ALTER TABLE jobs ADD COLUMN slot_wanted_at INTEGER;
ALTER TABLE jobs ADD COLUMN parent_id TEXT;
-- JSON array of executors to go on with when the one before has reached a usage limit.
ALTER TABLE jobs ADD COLUMN fallback TEXT;
ALTER TABLE jobs ADD COLUMN max_turns INTEGER;
ALTER TABLE jobs ADD COLUMN max_tokens INTEGER;
ALTER TABLE jobs ADD COLUMN max_cost_usd REAL;
ALTER TABLE jobs ADD COLUMN worktree INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN turns INTEGER;

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (lane, behind, order_key, seq) WHERE state = 'queued' AND due_at IS NULL;
CREATE INDEX jobs_live ON jobs (lane, slot_wanted_at) WHERE live = 1;
CREATE INDEX jobs_line ON jobs (session_id, behind, queued_at, seq)
  WHERE session_id IS NOT NULL AND state IN ('queued', 'running', 'waiting', 'parked');
CREATE INDEX jobs_session ON jobs (session_id, seq) WHERE session_id IS NOT NULL;
CREATE INDEX jobs_children ON jobs (parent_id, seq) WHERE parent_id IS NOT NULL;

CREATE TABLE approvals (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  job_id      TEXT    NOT NULL,
  run_id      TEXT    NOT NULL,
  -- What the agent calls its question; an answer is for this one and no other.
  request_id  TEXT    NOT NULL,
  tool        TEXT    NOT NULL,
  input       TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN
    ('pending', 'answering', 'allowed', 'denied', 'expired', 'void')),
  scope       TEXT CHECK (scope IN ('once', 'session')),
  decision    TEXT CHECK (decision IN ('allow', 'deny')),
  asked_at    INTEGER NOT NULL,
  expires_at  INTEGER,
  answered_at INTEGER,
  answered_by TEXT,
  ended_at    INTEGER,
  UNIQUE (run_id, request_id)
) STRICT;

CREATE INDEX approvals_open ON approvals (job_id) WHERE state IN ('pending', 'answering');

-- What a person allowed for the rest of a session; owner is the session's id, or the job's where it has none.
CREATE TABLE session_grants (
  owner      TEXT    NOT NULL,
  tool       TEXT    NOT NULL,
  -- The exact command; '' where the tool has none.
  command    TEXT    NOT NULL,
  granted_at INTEGER NOT NULL,
  granted_by TEXT    NOT NULL,
  PRIMARY KEY (owner, tool, command)
) STRICT, WITHOUT ROWID;

-- What runs used, by the day on which they ended. What is unknown is counted in runs, never as 0.
CREATE TABLE spending (
  day            TEXT    NOT NULL,
  lane           TEXT    NOT NULL,
  executor       TEXT    NOT NULL,
  runs           INTEGER NOT NULL,
  turns          INTEGER NOT NULL,
  tokens         INTEGER NOT NULL,
  cost_usd       REAL    NOT NULL,
  unknown_turns  INTEGER NOT NULL,
  unknown_tokens INTEGER NOT NULL,
  unknown_cost   INTEGER NOT NULL,
  PRIMARY KEY (day, lane, executor)
) STRICT, WITHOUT ROWID;

-- Usage limits that agents told of: until then no run of the executor is started.
CREATE TABLE usage_limits (
  executor TEXT PRIMARY KEY,
  until    INTEGER NOT NULL,
  reason   TEXT    NOT NULL,
  seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
