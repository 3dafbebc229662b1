-- SPDX-License-Identifier: MIT
-- Every file of a track, its source first; `name` is the quality or role, the file's own for a source. EXISTS
-- tells whether it is only in an object store.
SELECT what, name, file, etag, file_size, damage, EXISTS (
	SELECT 1 FROM remote
	WHERE remote.track = :track AND remote.what = stored.what AND remote.name = stored.name
		AND remote.etag = stored.etag AND remote.state = 'confirmed' AND remote.released_ms > 0
), modified_s
FROM (
	SELECT 1 AS place, 'source' AS what, source_file AS name, source_file AS file, source_etag AS etag,
		source_bytes AS file_size, source_damage AS damage, 0 AS modified_s
	FROM track
	WHERE id = :track AND source_file IS NOT NULL
	UNION ALL
	SELECT 2 AS place, 'rendition' AS what, quality AS name, file, etag, file_size, damage, modified_s
	FROM rendition
	WHERE track = :track
	UNION ALL
	SELECT 3 AS place, 'extra' AS what, role AS name, NULL AS file, etag, file_size, NULL AS damage, modified_s
	FROM extra
	WHERE track = :track
) AS stored
ORDER BY place, name
