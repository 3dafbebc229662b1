-- SPDX-License-Identifier: MIT
-- Tracks, their renditions, the job table, and the runners that were seen. Times are milliseconds since 1970 unless
-- said otherwise. Words instead of numbers for states, so that a person with the sqlite3 shell can read a row.

CREATE TABLE track (
	id TEXT NOT NULL PRIMARY KEY,
	visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
	state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed')),
	owner TEXT NOT NULL,
	title TEXT,
	artist TEXT,
	album TEXT,
	number BIGINT NOT NULL,
	year BIGINT NOT NULL,
	duration_ms BIGINT NOT NULL,
	sample_rate BIGINT NOT NULL,
	channels BIGINT NOT NULL,
	source_name TEXT,
	source_file TEXT,
	source_format TEXT,
	source_bytes BIGINT NOT NULL,
	failure TEXT,
	created_ms BIGINT NOT NULL,
	updated_ms BIGINT NOT NULL
);
CREATE INDEX track_by_visibility ON track (visibility, id);
CREATE INDEX track_by_owner ON track (owner, id);

-- A row exists only for a file that is whole and in place. `segments` is the blob of src/model/segment_table.h;
-- modified_s is in seconds.
CREATE TABLE rendition (
	track TEXT NOT NULL REFERENCES track (id) ON DELETE CASCADE,
	quality TEXT NOT NULL,
	codec TEXT NOT NULL,
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

-- rank_ms orders the queue, lowest first: run_after_ms less one minute for each point of priority. A job thus rises by
-- waiting, as jobs that come later get a higher rank, and no row is ever rewritten for it. A job's track is no foreign
-- key: jobs stay as history when their track is gone.
CREATE TABLE job (
	id TEXT NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,
	track TEXT,
	payload TEXT NOT NULL,
	submitter TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
	priority BIGINT NOT NULL,
	rank_ms BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	max_attempts BIGINT NOT NULL,
	run_after_ms BIGINT NOT NULL,
	lease_owner TEXT,
	lease_expires_ms BIGINT NOT NULL,
	progress DOUBLE PRECISION NOT NULL,
	stage TEXT NOT NULL,
	speed DOUBLE PRECISION NOT NULL,
	error TEXT,
	cancel_requested BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	updated_ms BIGINT NOT NULL,
	started_ms BIGINT NOT NULL,
	finished_ms BIGINT NOT NULL
);
CREATE INDEX job_queue ON job (state, rank_ms, id, run_after_ms);
CREATE INDEX job_by_state ON job (state, id);
CREATE INDEX job_by_track ON job (track, id);

-- A track that waits for its first rendition must not wait for ever: it shares the fate of its job, in the same
-- statement, whoever changes the job.
CREATE TRIGGER job_given_up AFTER UPDATE OF state ON job
WHEN NEW.state IN ('dead', 'cancelled') AND OLD.state <> NEW.state
BEGIN
	UPDATE track
	SET state = 'failed', failure = COALESCE(NEW.error, 'the job was cancelled'), updated_ms = NEW.updated_ms
	WHERE id = NEW.track AND state = 'pending';
END;
CREATE TRIGGER job_taken_up AFTER UPDATE OF state ON job
WHEN NEW.state = 'queued' AND OLD.state IN ('failed', 'dead', 'cancelled')
BEGIN
	UPDATE track
	SET state = 'pending', failure = NULL, updated_ms = NEW.updated_ms
	WHERE id = NEW.track AND state = 'failed';
END;

CREATE TABLE runner (
	owner TEXT NOT NULL PRIMARY KEY,
	seen_ms BIGINT NOT NULL
);
CREATE INDEX runner_by_seen ON runner (seen_ms);

PRAGMA user_version = 1;
