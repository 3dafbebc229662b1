-- SPDX-License-Identifier: MIT
-- Not one whose parts a job is still to fetch.
SELECT id, owner, size, part_size, sha256, filename, fields, created_ms, expires_ms, finished_ms
FROM direct
WHERE expires_ms <= :now AND (finished_ms = 0 OR NOT EXISTS (
	SELECT 1 FROM job
	WHERE job.state IN ('queued', 'running', 'failed') AND job.kind = 'fetch'
		AND job.payload LIKE '%"upload":"' || direct.id || '"%'
))
ORDER BY expires_ms
LIMIT 1
