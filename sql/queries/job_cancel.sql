-- SPDX-License-Identifier: MIT
UPDATE job
SET state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
	finished_ms = CASE state WHEN 'queued' THEN :now ELSE finished_ms END,
	cancel_requested = 1, updated_ms = :now
WHERE id = :id AND state IN ('queued', 'running')
