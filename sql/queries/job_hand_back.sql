-- SPDX-License-Identifier: MIT
UPDATE job
SET state = CASE WHEN cancel_requested <> 0 THEN 'cancelled' ELSE 'queued' END,
	finished_ms = CASE WHEN cancel_requested <> 0 THEN :now ELSE 0 END,
	attempts = attempts - 1, stage = 'queued', progress = 0, speed = 0, lease_owner = NULL, lease_expires_ms = 0,
	updated_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
