-- SPDX-License-Identifier: MIT
SELECT id, visibility, state, owner, title, artist, album, number, year, duration_ms, sample_rate, channels,
	source_name, source_file, source_format, source_bytes, failure, created_ms, updated_ms,
	EXISTS (SELECT 1 FROM growing AS g WHERE g.track = track.id), places
FROM track
WHERE id = :id
