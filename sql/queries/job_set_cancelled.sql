-- SPDX-License-Identifier: MIT
UPDATE job
SET state = 'cancelled', speed = 0, lease_owner = NULL, lease_expires_ms = 0, updated_ms = :now, finished_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
