-- SPDX-License-Identifier: MIT
-- How many jobs of each kind came to each end, whoever brought it about: their runner, the one that found them without, a
-- person, or the job they needed. Goes on counting when jobs are pruned.

CREATE TABLE job_end (
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	jobs BIGINT NOT NULL,
	PRIMARY KEY (kind, state)
);
INSERT INTO job_end (kind, state, jobs)
SELECT kind, state, count(*) FROM job WHERE state IN ('done', 'dead', 'cancelled') GROUP BY kind, state;
CREATE TRIGGER job_ended AFTER UPDATE OF state ON job
WHEN NEW.state IN ('done', 'dead', 'cancelled') AND OLD.state <> NEW.state
BEGIN
	INSERT INTO job_end (kind, state, jobs) VALUES (NEW.kind, NEW.state, 1)
	ON CONFLICT (kind, state) DO UPDATE SET jobs = jobs + 1;
END;

PRAGMA user_version = 11;
