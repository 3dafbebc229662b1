-- SPDX-License-Identifier: MIT
SELECT id, visibility, state, owner, title, artist, album, number, year, duration_ms, sample_rate, channels,
	source_name, source_file, source_format, source_bytes, failure, created_ms, updated_ms
FROM track
WHERE id < :after
ORDER BY id DESC
LIMIT :limit
