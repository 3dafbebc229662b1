-- SPDX-License-Identifier: MIT
-- Asked for again before its gain was settled, it is measured again: it may go through another effect.
INSERT INTO album_part (
	track, owner, name, tracks, integrated_lufs, range_lu, momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, blocks,
	gain_db
)
SELECT id, owner, :name, :tracks, 0, 0, 0, 0, 0, NULL, NULL FROM track WHERE id = :track
ON CONFLICT (track) DO UPDATE
SET name = excluded.name, tracks = excluded.tracks, blocks = NULL
WHERE album_part.gain_db IS NULL
