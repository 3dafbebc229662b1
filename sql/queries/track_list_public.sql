-- SPDX-License-Identifier: MIT
-- Public tracks and those of :owner. Each half is read from its own index, so a page costs the same wherever it is.
SELECT id, visibility, state, owner, title, artist, album, number, year, duration_ms, sample_rate, channels,
	source_name, source_file, source_format, source_bytes, failure, created_ms, updated_ms,
	EXISTS (SELECT 1 FROM growing AS g WHERE g.track = track.id), places
FROM track
WHERE id IN (
	SELECT id FROM (
		SELECT id FROM track WHERE visibility = 'public' AND id < :after ORDER BY id DESC LIMIT :limit
	) AS shared
	UNION
	SELECT id FROM (
		SELECT id FROM track WHERE owner = :owner AND id < :after ORDER BY id DESC LIMIT :limit
	) AS own
)
ORDER BY id DESC
LIMIT :limit
