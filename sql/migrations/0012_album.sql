-- SPDX-License-Identifier: MIT
-- Tracks of albums whose common gain is applied (src/model/album.h): what each was measured to be, and the gain when the
-- album is complete. tracks: how many the album has, as this upload said. blocks: NULL until it was measured. gain_db:
-- NULL until it is settled.

CREATE TABLE album_part (
	track TEXT NOT NULL PRIMARY KEY REFERENCES track (id) ON DELETE CASCADE,
	owner TEXT NOT NULL,
	name TEXT NOT NULL,
	tracks BIGINT NOT NULL,
	integrated_lufs DOUBLE PRECISION NOT NULL,
	range_lu DOUBLE PRECISION NOT NULL,
	momentary_max_lufs DOUBLE PRECISION NOT NULL,
	short_term_max_lufs DOUBLE PRECISION NOT NULL,
	true_peak_dbtp DOUBLE PRECISION NOT NULL,
	blocks BLOB,
	gain_db DOUBLE PRECISION
);
CREATE INDEX album_part_by_name ON album_part (owner, name, track);

-- A track whose job will not measure it any more holds nobody up: those that wait for it look again.
CREATE TRIGGER album_part_lost AFTER UPDATE OF state ON job
WHEN NEW.state IN ('dead', 'cancelled') AND OLD.state <> NEW.state AND NEW.track IS NOT NULL
BEGIN
	UPDATE job
	SET run_after_ms = NEW.updated_ms
	WHERE state = 'queued' AND held_by = 'time' AND stage = 'album' AND track IN (
		SELECT other.track
		FROM album_part AS lost JOIN album_part AS other ON other.owner = lost.owner AND other.name = lost.name
		WHERE lost.track = NEW.track
	);
END;

PRAGMA user_version = 12;
