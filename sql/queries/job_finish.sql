-- SPDX-License-Identifier: MIT
UPDATE job
SET state = 'done', stage = 'done', progress = 1, error = NULL, lease_owner = NULL, lease_expires_ms = 0,
	updated_ms = :now, finished_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
