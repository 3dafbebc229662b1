-- SPDX-License-Identifier: MIT
-- Jobs that are over for long, oldest first. One that another job needs stays until that one is gone, and the newest of a
-- track stays with its track: it may be the only one that knows where the track's source is.
SELECT id, finished_ms
FROM job
WHERE (finished_ms, id) > (:after, :after_id) AND finished_ms < :before AND finished_ms > 0
	AND NOT EXISTS (SELECT 1 FROM job_need WHERE needs = job.id)
	AND (
		NOT EXISTS (SELECT 1 FROM track WHERE id = job.track)
		OR EXISTS (SELECT 1 FROM job AS newer WHERE newer.track = job.track AND newer.id > job.id)
	)
ORDER BY finished_ms, id
LIMIT :limit
