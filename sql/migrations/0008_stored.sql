-- SPDX-License-Identifier: MIT
-- Files of the library that are not what they were: `damage` is a word of src/model/stored.c, NULL while a file is as it
-- was made. repair_job was queued to make the rendition anew, repaired_ms is when that was done the last time. A source has
-- no checksum until it was read for the first time.

ALTER TABLE rendition ADD COLUMN damage TEXT
	CHECK (damage IN ('missing', 'truncated', 'altered', 'unreadable'));
ALTER TABLE rendition ADD COLUMN damaged_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN repair_job TEXT;
ALTER TABLE rendition ADD COLUMN repaired_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX rendition_damaged ON rendition (track, quality) WHERE damage IS NOT NULL;

ALTER TABLE track ADD COLUMN source_etag TEXT;
ALTER TABLE track ADD COLUMN source_damage TEXT
	CHECK (source_damage IN ('missing', 'truncated', 'altered', 'unreadable'));
CREATE INDEX track_source_damaged ON track (id) WHERE source_damage IS NOT NULL;

-- How far the walk through the library has come: all tracks up to `after` are done in the pass that began at began_ms;
-- ended_ms is the end of the last one that was whole, 0 when there was none.
CREATE TABLE verification (
	name TEXT NOT NULL PRIMARY KEY,
	after TEXT NOT NULL,
	began_ms BIGINT NOT NULL,
	ended_ms BIGINT NOT NULL
);

PRAGMA user_version = 8;
