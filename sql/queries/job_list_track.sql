-- SPDX-License-Identifier: MIT
-- :state may be NULL; a track has few jobs, so its index does for both.
SELECT id, kind, track, payload, submitter, state, priority, attempts, max_attempts, run_after_ms, lease_owner,
	lease_expires_ms, progress, stage, speed, error, cancel_requested, created_ms, updated_ms, started_ms, finished_ms
FROM job
WHERE track = :track AND id < :after AND state = COALESCE(:state, state)
ORDER BY id DESC
LIMIT :limit
