-- SPDX-License-Identifier: MIT
-- Nothing is inserted when :max_queued jobs of the class wait already; the count stops there. In one statement, so that two submitters
-- cannot both take the last place. A job is born held and gets its place in line by job_admit.
INSERT INTO job (
	id, kind, class, track, payload, submitter, state, held_by, priority, rank_ms, fair_ms, depth, attempts, max_attempts,
	run_after_ms, lease_owner, lease_expires_ms, progress, stage, speed, error, cancel_requested, created_ms, updated_ms,
	started_ms, finished_ms
)
SELECT :id, :kind, :class, :track, :payload, :submitter, 'queued', :held_by, :priority, 0, 0, 0, 0, :max_attempts,
	:run_after_ms, NULL, 0, 0, 'queued', 0, NULL, 0, :created_ms, :created_ms, 0, 0
WHERE :max_queued = 0 OR :max_queued > (
	SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'queued' AND class = :class LIMIT :max_queued) AS waiting
)
