-- SPDX-License-Identifier: MIT
-- The queue: a fair place in line, classes, jobs that wait for jobs, keys, history, periodic jobs.

-- class: of the kind, by src/model/job_kind.c; each has a line of its own. held_by: 'time' until run_after_ms, 'jobs' until
-- those it needs are done; only 'nothing' stands in line, at fair_ms (see sql/queries/job_admit.sql), and rank_ms is
-- fair_ms less one minute for each point of priority. depth: length of the longest chain of jobs it waits for.
ALTER TABLE job ADD COLUMN class TEXT NOT NULL DEFAULT 'media' CHECK (class IN ('media', 'network', 'upkeep'));
ALTER TABLE job ADD COLUMN held_by TEXT NOT NULL DEFAULT 'time' CHECK (held_by IN ('nothing', 'time', 'jobs'));
ALTER TABLE job ADD COLUMN fair_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
UPDATE job SET fair_ms = rank_ms + priority * 60000;

DROP INDEX job_queue;
CREATE INDEX job_in_line ON job (held_by, class, rank_ms, id) WHERE state = 'queued';
CREATE INDEX job_of_submitter ON job (held_by, class, submitter, fair_ms, priority) WHERE state = 'queued';
CREATE INDEX job_held ON job (held_by, run_after_ms, id) WHERE state = 'queued';
CREATE INDEX job_at_work ON job (class, rank_ms, id, lease_expires_ms) WHERE state = 'running';
CREATE INDEX job_over ON job (finished_ms, id) WHERE finished_ms > 0;

-- How far the line of each class was served: the greatest fair_ms that was ever claimed.
CREATE TABLE queue_turn (
	class TEXT NOT NULL PRIMARY KEY,
	turn_ms BIGINT NOT NULL
);
INSERT INTO queue_turn (class, turn_ms) VALUES ('media', 0), ('network', 0), ('upkeep', 0);
CREATE TRIGGER job_served AFTER UPDATE OF state ON job
WHEN NEW.state = 'running' AND OLD.state = 'queued'
BEGIN
	UPDATE queue_turn SET turn_ms = NEW.fair_ms WHERE class = NEW.class AND turn_ms < NEW.fair_ms;
END;

-- `job` runs only when `needs` is done. Rows are made with their job, for jobs that were there before it: no circles.
CREATE TABLE job_need (
	job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	needs TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	PRIMARY KEY (job, needs)
);
CREATE INDEX job_need_by_needs ON job_need (needs);
CREATE TRIGGER job_need_met AFTER UPDATE OF state ON job
WHEN NEW.state = 'done' AND OLD.state <> 'done'
BEGIN
	UPDATE job
	SET held_by = 'time', updated_ms = NEW.updated_ms
	WHERE state = 'queued' AND held_by = 'jobs' AND id IN (SELECT job FROM job_need WHERE needs = NEW.id)
		AND NOT EXISTS (
			SELECT 1 FROM job_need AS need JOIN job AS needed ON needed.id = need.needs
			WHERE need.job = job.id AND needed.state <> 'done'
		);
END;
CREATE TRIGGER job_need_lost AFTER UPDATE OF state ON job
WHEN NEW.state IN ('dead', 'cancelled') AND OLD.state <> NEW.state
BEGIN
	UPDATE job
	SET state = 'cancelled', finished_ms = NEW.updated_ms, updated_ms = NEW.updated_ms,
		error = 'the job ' || NEW.id || ', which had to be done first, ' || CASE NEW.state
			WHEN 'dead' THEN 'failed: ' || COALESCE(NEW.error, 'no reason was given')
			ELSE 'was cancelled'
		END
	WHERE state = 'queued' AND id IN (SELECT job FROM job_need WHERE needs = NEW.id);
END;

-- What happened to each job, at most 200 rows: the first and the latest. due_ms: when the next attempt may begin.
CREATE TABLE job_event (
	job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	number BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	event TEXT NOT NULL,
	attempt BIGINT NOT NULL,
	detail TEXT,
	due_ms BIGINT NOT NULL,
	PRIMARY KEY (job, number)
);
INSERT INTO job_event (job, number, at_ms, event, attempt, detail, due_ms)
SELECT id, 1, created_ms, 'submitted', 0, NULL, 0 FROM job;
CREATE TRIGGER job_event_bound AFTER INSERT ON job_event
WHEN NEW.number > 200
BEGIN
	DELETE FROM job_event WHERE job = NEW.job AND number > 1 AND number <= NEW.number - 199;
END;
CREATE TRIGGER job_submitted AFTER INSERT ON job
BEGIN
	INSERT INTO job_event (job, number, at_ms, event, attempt, detail, due_ms)
	VALUES (NEW.id, 1, NEW.created_ms, 'submitted', 0, NULL,
		CASE WHEN NEW.run_after_ms > NEW.created_ms THEN NEW.run_after_ms ELSE 0 END);
END;
CREATE TRIGGER job_changed AFTER UPDATE OF state, attempts, stage, held_by, cancel_requested ON job
WHEN NEW.state <> OLD.state OR NEW.attempts <> OLD.attempts OR NEW.stage <> OLD.stage
	OR NEW.cancel_requested <> OLD.cancel_requested OR (NEW.held_by <> OLD.held_by AND OLD.held_by = 'jobs')
BEGIN
	INSERT INTO job_event (job, number, at_ms, event, attempt, detail, due_ms)
	SELECT NEW.id, (SELECT COALESCE(max(number), 0) + 1 FROM job_event WHERE job = NEW.id), NEW.updated_ms, 'lost',
		OLD.attempts, OLD.lease_owner, 0
	WHERE OLD.state = 'running' AND NEW.state = 'running' AND NEW.attempts > OLD.attempts;
	INSERT INTO job_event (job, number, at_ms, event, attempt, detail, due_ms)
	SELECT NEW.id, (SELECT COALESCE(max(number), 0) + 1 FROM job_event WHERE job = NEW.id), NEW.updated_ms, event,
		NEW.attempts,
		CASE event
			WHEN 'claimed' THEN NEW.lease_owner
			WHEN 'handed-back' THEN OLD.lease_owner
			WHEN 'stage' THEN NEW.stage
			WHEN 'failed' THEN NEW.error
			WHEN 'dead' THEN NEW.error
			WHEN 'cancelled' THEN NEW.error
		END,
		CASE event WHEN 'failed' THEN NEW.run_after_ms ELSE 0 END
	FROM (
		SELECT CASE
			WHEN NEW.state = 'running' AND NEW.attempts > OLD.attempts THEN 'claimed'
			WHEN NEW.state = 'running' AND NEW.cancel_requested <> OLD.cancel_requested THEN 'cancel-asked'
			WHEN NEW.state = 'running' THEN 'stage'
			WHEN NEW.state = 'queued' AND OLD.state = 'running' AND NEW.attempts < OLD.attempts THEN 'handed-back'
			WHEN NEW.state = 'queued' AND OLD.state = 'running' THEN 'failed'
			WHEN NEW.state = 'queued' AND OLD.state <> 'queued' THEN 'retried'
			WHEN NEW.state = 'queued' AND NEW.held_by <> OLD.held_by THEN 'released'
			WHEN NEW.state <> OLD.state AND NEW.state IN ('done', 'dead', 'cancelled') THEN NEW.state
		END AS event
	) AS happened
	WHERE event IS NOT NULL;
END;

-- Idempotency keys: the same key of the same submitter names the same job. fingerprint: of what was asked, in hex.
CREATE TABLE job_key (
	submitter TEXT NOT NULL,
	name TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (submitter, name)
);
CREATE INDEX job_key_by_job ON job_key (job);
CREATE INDEX job_key_by_age ON job_key (created_ms);

-- What is done again and again. last_job: the one that was queued last.
CREATE TABLE periodic (
	name TEXT NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,
	interval_ms BIGINT NOT NULL,
	next_ms BIGINT NOT NULL,
	last_job TEXT
);

PRAGMA user_version = 2;
