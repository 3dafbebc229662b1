-- SPDX-License-Identifier: MIT
DELETE FROM job
WHERE id = :id AND finished_ms = :finished AND state IN ('done', 'failed', 'dead', 'cancelled')
	AND NOT EXISTS (SELECT 1 FROM job_need WHERE needs = job.id)
