-- SPDX-License-Identifier: MIT
-- As if it were submitted now, with all its attempts; not while a job that it needs will never be done, nor when its track
-- was deleted.
UPDATE job
SET state = 'queued', stage = 'queued', progress = 0, attempts = 0, cancel_requested = 0, error = NULL,
	held_by = CASE
		WHEN EXISTS (
			SELECT 1 FROM job_need JOIN job AS needed ON needed.id = job_need.needs
			WHERE job_need.job = job.id AND needed.state <> 'done'
		) THEN 'jobs'
		ELSE 'time'
	END,
	run_after_ms = :now, updated_ms = :now, started_ms = 0, finished_ms = 0
WHERE id = :id AND state IN ('failed', 'dead', 'cancelled')
	AND (track IS NULL OR EXISTS (SELECT 1 FROM track AS there WHERE there.id = job.track))
	AND NOT EXISTS (
		SELECT 1 FROM job_need
		WHERE job_need.job = job.id
			AND (SELECT needed.state FROM job AS needed WHERE needed.id = needs) IN ('failed', 'dead', 'cancelled')
	)
