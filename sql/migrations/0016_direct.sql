-- SPDX-License-Identifier: MIT
-- Uploads that clients put into an object store themselves (src/model/direct.h). fields: JSON, what an upload by form says. finished_ms: 0
-- until the client has said that all parts are there.
CREATE TABLE direct (
	id TEXT NOT NULL PRIMARY KEY,
	owner TEXT NOT NULL,
	size BIGINT NOT NULL,
	part_size BIGINT NOT NULL,
	sha256 TEXT,
	filename TEXT,
	fields TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	finished_ms BIGINT NOT NULL
);
CREATE INDEX direct_by_expiry ON direct (expires_ms);
CREATE INDEX direct_by_owner ON direct (owner, expires_ms);

PRAGMA user_version = 16;
