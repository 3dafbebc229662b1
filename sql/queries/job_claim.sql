-- SPDX-License-Identifier: MIT
-- The first in the line of a class, or one at work whose lease ran out. A job whose runner died in its last attempt, or that
-- was to be cancelled, is put to rest instead: the caller sees its state and asks again.
UPDATE job
SET state = verdict,
	error = CASE verdict
		WHEN 'dead' THEN 'the runner stopped without a word in the last attempt, in the stage "' || stage || '"'
		ELSE error
	END,
	attempts = CASE verdict WHEN 'running' THEN attempts + 1 ELSE attempts END,
	lease_owner = CASE verdict WHEN 'running' THEN :owner END,
	lease_expires_ms = CASE verdict WHEN 'running' THEN :now + :lease ELSE 0 END,
	stage = CASE verdict WHEN 'running' THEN 'queued' ELSE stage END,
	progress = CASE verdict WHEN 'running' THEN 0 ELSE progress END,
	speed = 0,
	started_ms = CASE verdict WHEN 'running' THEN :now ELSE started_ms END,
	finished_ms = CASE verdict WHEN 'running' THEN 0 ELSE :now END,
	updated_ms = :now
FROM (
	SELECT best AS chosen,
		CASE
			WHEN cancel_requested <> 0 THEN 'cancelled'
			WHEN state = 'running' AND attempts >= max_attempts THEN 'dead'
			ELSE 'running'
		END AS verdict
	FROM (
		SELECT CASE
			WHEN waiting.id IS NULL OR (lapsed.rank_ms, lapsed.id) < (waiting.rank_ms, waiting.id) THEN lapsed.id
			ELSE waiting.id
		END AS best
		FROM (SELECT 1) AS one
		LEFT JOIN (
			SELECT id, rank_ms
			FROM job
			WHERE class = :class AND state = 'queued' AND held_by = 'nothing'
			ORDER BY rank_ms, id
			LIMIT 1
		) AS waiting ON TRUE
		LEFT JOIN (
			SELECT id, rank_ms
			FROM job
			WHERE class = :class AND state = 'running' AND lease_expires_ms <= :now
			ORDER BY rank_ms, id
			LIMIT 1
		) AS lapsed ON TRUE
	) AS first_two JOIN job AS found ON found.id = best
	LIMIT 1
) AS choice
WHERE id = chosen
RETURNING id, kind, track, payload, submitter, state, priority, attempts, max_attempts, run_after_ms, lease_owner,
	lease_expires_ms, progress, stage, speed, error, cancel_requested, created_ms, updated_ms, started_ms, finished_ms
