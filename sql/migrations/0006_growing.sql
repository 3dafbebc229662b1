-- SPDX-License-Identifier: MIT
-- Renditions that can be listened to while they are made: what of their file stands so far. The columns are those of
-- rendition; file_size is the end of the last whole segment, samples an estimate of the length to come, and `work` names
-- the file below <data>/spool until the job is done. A row belongs to one attempt of one job.

CREATE TABLE growing (
	track TEXT NOT NULL REFERENCES track (id) ON DELETE CASCADE,
	quality TEXT NOT NULL,
	job TEXT NOT NULL,
	work TEXT NOT NULL,
	codec TEXT NOT NULL,
	container TEXT NOT NULL,
	codecs TEXT NOT NULL,
	file TEXT NOT NULL,
	etag TEXT NOT NULL,
	bit_rate BIGINT NOT NULL,
	peak_bandwidth BIGINT NOT NULL,
	average_bandwidth BIGINT NOT NULL,
	sample_rate BIGINT NOT NULL,
	channels BIGINT NOT NULL,
	timescale BIGINT NOT NULL,
	priming BIGINT NOT NULL,
	samples BIGINT NOT NULL,
	file_size BIGINT NOT NULL,
	init_size BIGINT NOT NULL,
	index_offset BIGINT NOT NULL,
	index_size BIGINT NOT NULL,
	modified_s BIGINT NOT NULL,
	segments BLOB NOT NULL,
	PRIMARY KEY (track, quality)
);
CREATE INDEX growing_by_job ON growing (job);

-- An attempt's rows go with it, in the statement that ends the attempt or begins the next, whoever does it.
CREATE TRIGGER job_attempt_over AFTER UPDATE OF state, attempts, lease_owner ON job
WHEN OLD.state = 'running' AND (NEW.state <> 'running' OR NEW.attempts <> OLD.attempts)
BEGIN
	DELETE FROM growing WHERE job = NEW.id;
END;

PRAGMA user_version = 6;
