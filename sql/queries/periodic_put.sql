-- SPDX-License-Identifier: MIT
-- A new one is due at once; a shorter interval brings the next time nearer.
INSERT INTO periodic (name, kind, interval_ms, next_ms, last_job)
VALUES (:name, :kind, :interval, :now, NULL)
ON CONFLICT (name) DO UPDATE
SET kind = excluded.kind, interval_ms = excluded.interval_ms,
	next_ms = CASE WHEN periodic.next_ms > :now + :interval THEN :now + :interval ELSE periodic.next_ms END
