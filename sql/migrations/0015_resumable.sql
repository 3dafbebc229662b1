-- SPDX-License-Identifier: MIT
-- Uploads that come in pieces (src/model/resumable.h). Their bytes are files in <data>/spool, whose size is how far they
-- came. doubt: where a piece began whose checksum was not verified yet, -1 when there is none; what the file has beyond
-- does not count. metadata, concat: as the client sent them. track, job: what was made of it.
CREATE TABLE resumable (
	id TEXT NOT NULL PRIMARY KEY,
	owner TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
	length BIGINT NOT NULL,
	metadata TEXT NOT NULL,
	concat TEXT NOT NULL,
	idempotency_key TEXT,
	doubt BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	track TEXT,
	job TEXT
);
CREATE INDEX resumable_by_expiry ON resumable (expires_ms);
CREATE INDEX resumable_by_owner ON resumable (owner) WHERE track IS NULL;

PRAGMA user_version = 15;
