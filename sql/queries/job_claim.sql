-- SPDX-License-Identifier: MIT
-- The best queued job that is due, or one whose lease ran out. A job whose runner died in its last attempt, or that was
-- to be cancelled, is put to rest instead: the caller sees its state and asks again.
UPDATE job
SET state = verdict,
	error = CASE verdict
		WHEN 'dead' THEN 'the runner stopped without a word in the last attempt, in the stage "' || stage || '"'
		ELSE error
	END,
	attempts = CASE verdict WHEN 'running' THEN attempts + 1 ELSE attempts END,
	lease_owner = CASE verdict WHEN 'running' THEN :owner END,
	lease_expires_ms = CASE verdict WHEN 'running' THEN :now + :lease ELSE 0 END,
	started_ms = CASE verdict WHEN 'running' THEN :now ELSE started_ms END,
	finished_ms = CASE verdict WHEN 'running' THEN 0 ELSE :now END,
	updated_ms = :now
FROM (
	SELECT chosen, verdict, chosen_rank FROM (
		SELECT id AS chosen, rank_ms AS chosen_rank,
			CASE WHEN cancel_requested <> 0 THEN 'cancelled' ELSE 'running' END AS verdict
		FROM job
		WHERE state = 'queued' AND run_after_ms <= :now
		ORDER BY rank_ms, id
		LIMIT 1
	) AS due
	UNION ALL
	SELECT chosen, verdict, chosen_rank FROM (
		SELECT id AS chosen, rank_ms AS chosen_rank,
			CASE
				WHEN cancel_requested <> 0 THEN 'cancelled'
				WHEN attempts >= max_attempts THEN 'dead'
				ELSE 'running'
			END AS verdict
		FROM job
		WHERE state = 'running' AND lease_expires_ms <= :now
		ORDER BY rank_ms, id
		LIMIT 1
	) AS lapsed
	ORDER BY chosen_rank, chosen
	LIMIT 1
) AS choice
WHERE id = chosen
RETURNING id, kind, track, payload, submitter, state, priority, attempts, max_attempts, run_after_ms, lease_owner,
	lease_expires_ms, progress, stage, speed, error, cancel_requested, created_ms, updated_ms, started_ms, finished_ms
