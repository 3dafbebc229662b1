-- SPDX-License-Identifier: MIT
-- A job that was to be cancelled anyway is not tried again. One that is keeps its place in line and is held until its time.
UPDATE job
SET state = CASE
		WHEN cancel_requested <> 0 THEN 'cancelled'
		WHEN :fatal <> 0 OR attempts >= max_attempts THEN 'dead'
		ELSE 'queued'
	END,
	finished_ms = CASE
		WHEN cancel_requested <> 0 OR :fatal <> 0 OR attempts >= max_attempts THEN :now
		ELSE 0
	END,
	held_by = 'time', run_after_ms = :retry_at, error = :error, speed = 0, lease_owner = NULL, lease_expires_ms = 0,
	updated_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
RETURNING state
