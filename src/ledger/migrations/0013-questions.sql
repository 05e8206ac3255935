-- What agents ask a person in words, and the answers.
CREATE TABLE questions (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  -- The job of the run that asks, or the source of a program.
  asker       TEXT    NOT NULL,
  -- The same key from the same asker is the same question; once its job has ended, its id.
  key         TEXT    NOT NULL,
  job_id      TEXT,
  text        TEXT    NOT NULL,
  -- JSON list of the answers that are offered; any other may be given too.
  choices     TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('pending', 'answered', 'void')),
  answer      TEXT,
  asked_at    INTEGER NOT NULL,
  answered_by TEXT,
  ended_at    INTEGER,
  UNIQUE (asker, key)
) STRICT;

CREATE INDEX questions_pending ON questions (seq) WHERE state = 'pending';
CREATE INDEX questions_of_job ON questions (job_id) WHERE job_id IS NOT NULL;
