-- SPDX-License-Identifier: MIT
-- As job_hand_back, but held until :due.
UPDATE job
SET state = CASE WHEN cancel_requested <> 0 THEN 'cancelled' ELSE 'queued' END,
	finished_ms = CASE WHEN cancel_requested <> 0 THEN :now ELSE 0 END,
	held_by = 'time', run_after_ms = :due, stage = :stage, attempts = attempts - 1, progress = 0, speed = 0,
	lease_owner = NULL, lease_expires_ms = 0, updated_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
