-- Outgoing messages, and who may talk to Homer from chats.

CREATE TABLE deliveries (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  -- The same key is the same message, for as long as the row lives.
  key         TEXT    NOT NULL UNIQUE,
  target      TEXT    NOT NULL,
  -- What keeps its order: the channel and its chat.
  line        TEXT    NOT NULL,
  kind        TEXT    NOT NULL CHECK (kind IN ('status', 'result', 'question', 'text', 'file')),
  job_id      TEXT,
  text        TEXT    NOT NULL,
  -- JSON: what belongs to its kind.
  data        TEXT,
  state       TEXT    NOT NULL CHECK (state IN
    ('pending', 'sending', 'delivered', 'unknown', 'dead', 'dropped')),
  -- Its own policy; NULL: the configured one.
  on_unknown  TEXT CHECK (on_unknown IN ('ask', 'resend', 'drop')),
  -- Parts that are in place.
  step        INTEGER NOT NULL DEFAULT 0,
  -- JSON array: the channel's own ids.
  message_ids TEXT    NOT NULL DEFAULT '[]',
  attempts    INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,
  reason      TEXT,
  created_at  INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT;

CREATE INDEX deliveries_open ON deliveries (line, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_noted ON deliveries (state, seq) WHERE state IN ('unknown', 'dead');
CREATE INDEX deliveries_job ON deliveries (job_id, seq) WHERE job_id IS NOT NULL;

-- People who proved with a code that they have the terminal.
CREATE TABLE paired (
  channel   TEXT    NOT NULL,
  person    TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  paired_at INTEGER NOT NULL,
  PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;

-- What a chat has chosen for its next messages; JSON.
CREATE TABLE chat_choices (
  target  TEXT PRIMARY KEY,
  choices TEXT NOT NULL
) STRICT, WITHOUT ROWID;
