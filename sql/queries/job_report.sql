-- SPDX-License-Identifier: MIT
UPDATE job
SET stage = :stage, progress = :progress, speed = :speed, lease_expires_ms = :now + :lease, updated_ms = :now
WHERE id = :id AND state = 'running' AND lease_owner = :owner
RETURNING cancel_requested
