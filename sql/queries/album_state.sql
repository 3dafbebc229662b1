-- SPDX-License-Identifier: MIT
-- Of the album that :track belongs to: its parts, how many there shall be by the word of the last of them, those that are
-- still to be measured, its gain (NULL: not settled), when the last of them came, and those that a job will measure. A
-- track that came late may have less gain, so the most is the album's.
SELECT count(*),
	(
		SELECT newest.tracks
		FROM album_part AS newest JOIN track AS its ON its.id = newest.track
		WHERE newest.owner = asked.owner AND newest.name = asked.name
		ORDER BY its.created_ms DESC, its.id DESC
		LIMIT 1
	),
	sum(CASE WHEN part.blocks IS NULL AND track.state <> 'failed' THEN 1 ELSE 0 END),
	max(part.gain_db),
	max(track.created_ms),
	sum(CASE WHEN part.blocks IS NULL AND EXISTS (
		SELECT 1 FROM job WHERE job.track = part.track AND job.state IN ('queued', 'running')
	) THEN 1 ELSE 0 END)
FROM album_part AS asked
JOIN album_part AS part ON part.owner = asked.owner AND part.name = asked.name
JOIN track ON track.id = part.track
WHERE asked.track = :track
GROUP BY asked.owner, asked.name
