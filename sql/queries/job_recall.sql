-- SPDX-License-Identifier: MIT
-- What can only be the work of a clock that was ahead: leases that would last for longer than one does, waits for another
-- try, for an album or for another machine that are longer than any. A moment that a client chose stands.
UPDATE job
SET lease_expires_ms = CASE state WHEN 'running' THEN :now ELSE lease_expires_ms END,
	run_after_ms = CASE state WHEN 'queued' THEN :now ELSE run_after_ms END
WHERE (state = 'running' AND lease_expires_ms > :now + :lease)
	OR (state = 'queued' AND held_by = 'time' AND (attempts > 0 OR stage IN ('album', 'waiting'))
		AND run_after_ms > :now + CASE WHEN stage IN ('album', 'waiting') THEN :parked ELSE :wait END)
