-- Which executor made a run, since a job may fall back to another one.
ALTER TABLE runs ADD COLUMN executor TEXT;
-- Only runs with a greater fence count against the limits of the job; a retry by hand moves this on.
ALTER TABLE jobs ADD COLUMN counted_from INTEGER NOT NULL DEFAULT 0;
