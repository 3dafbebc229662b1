-- SPDX-License-Identifier: MIT
-- What a clock queued that was ahead, by their ids, gets its place in line as if it came now. A moment that a client chose
-- stands.
UPDATE job
SET created_ms = :now, fair_ms = :now,
	run_after_ms = CASE WHEN run_after_ms > created_ms THEN run_after_ms ELSE :now END,
	held_by = CASE held_by WHEN 'nothing' THEN 'time' ELSE held_by END
WHERE state = 'queued' AND id >= :least AND created_ms > :latest
