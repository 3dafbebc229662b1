-- SPDX-License-Identifier: MIT
SELECT id, kind, track, payload, submitter, state, priority, attempts, max_attempts, run_after_ms, lease_owner,
	lease_expires_ms, progress, stage, speed, error, cancel_requested, created_ms, updated_ms, started_ms, finished_ms
FROM job
WHERE state = :state AND id < :after
ORDER BY id DESC
LIMIT :limit
