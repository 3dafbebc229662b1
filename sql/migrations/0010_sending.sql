-- SPDX-License-Identifier: MIT
-- Uploads to object stores in parts, on their way (src/model/sending.h), and what stores were asked this month
-- (src/model/spending.h). `source` tells whether the file is still the one that was begun with.

CREATE TABLE sending (
	store TEXT NOT NULL,
	key TEXT NOT NULL,
	upload TEXT NOT NULL,
	source TEXT NOT NULL,
	size BIGINT NOT NULL,
	part_size BIGINT NOT NULL,
	begun_ms BIGINT NOT NULL,
	PRIMARY KEY (store, key)
);

CREATE TABLE sending_part (
	store TEXT NOT NULL,
	key TEXT NOT NULL,
	number BIGINT NOT NULL,
	etag TEXT NOT NULL,
	PRIMARY KEY (store, key, number),
	FOREIGN KEY (store, key) REFERENCES sending (store, key) ON DELETE CASCADE
);

CREATE TABLE spending (
	store TEXT NOT NULL,
	month TEXT NOT NULL,
	writes BIGINT NOT NULL,
	reads BIGINT NOT NULL,
	PRIMARY KEY (store, month)
);

PRAGMA user_version = 10;
