-- SPDX-License-Identifier: MIT
-- How loud a track is (EBU R128), what was done about it, and by which effects it went before. `album` groups tracks of
-- one owner; `blocks` is the blob of src/model/loudness_row.c.

CREATE TABLE loudness (
	track TEXT NOT NULL PRIMARY KEY REFERENCES track (id) ON DELETE CASCADE,
	integrated_lufs DOUBLE PRECISION NOT NULL,
	range_lu DOUBLE PRECISION NOT NULL,
	momentary_max_lufs DOUBLE PRECISION NOT NULL,
	short_term_max_lufs DOUBLE PRECISION NOT NULL,
	true_peak_dbtp DOUBLE PRECISION NOT NULL,
	gain_db DOUBLE PRECISION NOT NULL,
	applied BIGINT NOT NULL,
	filter TEXT,
	album TEXT,
	album_lufs DOUBLE PRECISION NOT NULL,
	album_peak_dbtp DOUBLE PRECISION NOT NULL,
	album_gain_db DOUBLE PRECISION NOT NULL,
	blocks BLOB NOT NULL
);
CREATE INDEX loudness_by_album ON loudness (album);

PRAGMA user_version = 7;
