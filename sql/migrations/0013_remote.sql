-- SPDX-License-Identifier: MIT
-- What object stores have of the library's files (src/model/remote.h), and the endpoints that are not asked for a while
-- (src/model/breaker.h). A row of remote is there before the first byte is sent and until the object is removed, so that
-- nothing is left in a store that nobody knows of: it outlives its file, and its track.

-- what, name: as sql/queries/stored_list.sql has them. etag: SHA-256 of the file that is meant, '' while a source was
-- never read. released_ms: since then nobody is led to the file here, 0 while it is kept.
CREATE TABLE remote (
	store TEXT NOT NULL,
	key TEXT NOT NULL,
	track TEXT NOT NULL,
	what TEXT NOT NULL CHECK (what IN ('source', 'rendition', 'extra')),
	name TEXT NOT NULL,
	etag TEXT NOT NULL,
	size BIGINT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed')),
	confirmed_ms BIGINT NOT NULL,
	released_ms BIGINT NOT NULL,
	PRIMARY KEY (store, key)
);
CREATE INDEX remote_of_track ON remote (track, what, name);
CREATE INDEX remote_pending ON remote (store, track) WHERE state = 'pending';

-- failures: in a row, while it is closed. until_ms: when the next request may be made, unless it is closed. pause_ms: the
-- last one, opened: how often it was opened.
CREATE TABLE breaker (
	endpoint TEXT NOT NULL PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
	failures BIGINT NOT NULL,
	until_ms BIGINT NOT NULL,
	pause_ms BIGINT NOT NULL,
	opened BIGINT NOT NULL
);

-- A job that would do what another of its kind will do, which still waits, is not queued; and each class has a limit of
-- its own to what waits.
CREATE INDEX job_same ON job (kind, payload) WHERE class = 'network' AND state = 'queued';
CREATE INDEX job_waiting ON job (class) WHERE state = 'queued';

PRAGMA user_version = 13;
