-- SPDX-License-Identifier: MIT
-- The one that is due for longest, and its next time: what was missed while nobody looked is not made up for. busy: the
-- job it became last is not over yet.
UPDATE periodic
SET next_ms = CASE WHEN next_ms + interval_ms > :now THEN next_ms + interval_ms ELSE :now + interval_ms END
WHERE name = (SELECT name FROM periodic WHERE next_ms <= :now ORDER BY next_ms, name LIMIT 1)
RETURNING name, kind,
	EXISTS (SELECT 1 FROM job WHERE id = periodic.last_job AND state IN ('queued', 'running')) AS busy
