-- The first ledger: what Homer is, its starts, what was sent, jobs, runs, lanes and the event log.
-- Times are milliseconds since the epoch. Unknown is NULL, never 0.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per start of the daemon. The newest epoch is the only one that may write.
CREATE TABLE boots (
  epoch      INTEGER PRIMARY KEY,
  boot_id    TEXT    NOT NULL,
  host_boot  TEXT,
  pid        INTEGER NOT NULL,
  version    TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  ready_at   INTEGER,
  ended_at   INTEGER,
  ending     TEXT CHECK (ending IN ('drained', 'crashed'))
) STRICT;

-- The same (source, key) is the same job, for as long as the row lives.
CREATE TABLE inbox (
  source      TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  body_hash   TEXT    NOT NULL,
  job_id      TEXT    NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  seq                 INTEGER PRIMARY KEY,
  id                  TEXT    NOT NULL UNIQUE,
  state               TEXT    NOT NULL CHECK (state IN
    ('scheduled', 'queued', 'running', 'waiting', 'parked', 'succeeded', 'failed', 'cancelled')),
  lane                TEXT    NOT NULL,
  order_key           INTEGER NOT NULL,
  due_at              INTEGER,
  fence               INTEGER NOT NULL DEFAULT 0,
  epoch               INTEGER,
  attempts            INTEGER NOT NULL DEFAULT 0,
  crashes             INTEGER NOT NULL DEFAULT 0,
  parks               INTEGER NOT NULL DEFAULT 0,
  cancel_requested_at INTEGER,
  created_at          INTEGER NOT NULL,
  queued_at           INTEGER,
  started_at          INTEGER,
  ended_at            INTEGER,
  executor            TEXT    NOT NULL,
  source              TEXT    NOT NULL,
  key                 TEXT,
  session_id          TEXT,
  cwd                 TEXT    NOT NULL,
  priority            INTEGER NOT NULL,
  max_attempts        INTEGER NOT NULL,
  max_crashes         INTEGER NOT NULL,
  timeout_ms          INTEGER NOT NULL,
  on_interrupt        TEXT    NOT NULL CHECK (on_interrupt IN ('resume', 'ask', 'retry', 'fail')),
  notify              TEXT,
  agent_session_id    TEXT,
  error_code          TEXT,
  error_message       TEXT,
  error_hint          TEXT,
  result_text         TEXT,
  result_data         TEXT
) STRICT;

-- Apart from the rows that every move rewrites: a prompt may be long and never changes.
CREATE TABLE prompts (
  seq    INTEGER PRIMARY KEY,
  prompt TEXT NOT NULL
) STRICT;

-- Partial indexes keep a claim as cheap with a million queued jobs as with none.
CREATE INDEX jobs_ready ON jobs (lane, order_key, seq) WHERE state = 'queued' AND due_at IS NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL AND state IN ('scheduled', 'queued', 'parked');
CREATE INDEX jobs_running ON jobs (lane) WHERE state = 'running';
CREATE INDEX jobs_noted ON jobs (state, seq) WHERE state IN ('waiting', 'parked', 'failed');

-- seq is the job's seq * 2^20 + fence: the runs of a job lie side by side and need no index.
CREATE TABLE runs (
  seq              INTEGER PRIMARY KEY,
  id               TEXT    NOT NULL UNIQUE,
  job_id           TEXT    NOT NULL,
  lane             TEXT    NOT NULL,
  state            TEXT    NOT NULL CHECK (state IN ('starting', 'running', 'ended')),
  epoch            INTEGER NOT NULL,
  fence            INTEGER NOT NULL,
  starts           INTEGER NOT NULL DEFAULT 0,
  granted_at       INTEGER NOT NULL,
  started_at       INTEGER,
  ended_at         INTEGER,
  verdict          TEXT,
  message          TEXT,
  agent_session_id TEXT,
  worker_id        TEXT,
  exit_code        INTEGER,
  input_tokens     INTEGER,
  output_tokens    INTEGER,
  cost_usd         REAL
) STRICT;

CREATE TABLE lanes (
  name      TEXT PRIMARY KEY,
  paused_at INTEGER
) STRICT, WITHOUT ROWID;

-- The newest event is never pruned, so that no sequence number is ever given twice.
CREATE TABLE events (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  type   TEXT    NOT NULL,
  job_id TEXT,
  run_id TEXT,
  data   TEXT
) STRICT;
