-- SPDX-License-Identifier: MIT
-- A held job whose time has come gets its place in line: behind what was served last, and :share behind the last of
-- its submitter's own that stand there with at least its priority; never more than :ahead from now, and never before its
-- time. One that was tried already keeps the place it had. What lies further ahead than a place can was made by a
-- clock that was wrong, and is passed over.
UPDATE job
SET held_by = 'nothing', fair_ms = place, rank_ms = place - priority * 60000
FROM (
	SELECT due.id AS admitted, CASE WHEN due.attempts > 0 THEN due.fair_ms ELSE (
		SELECT max(moment) FROM (
			SELECT due.run_after_ms AS moment
			UNION ALL
			SELECT CASE WHEN latest > :now + :ahead THEN :now + :ahead ELSE latest END
			FROM (
				SELECT max(moment) AS latest FROM (
					SELECT turn_ms AS moment
					FROM queue_turn
					WHERE class = due.class AND turn_ms <= :now + :ahead
					UNION ALL
					SELECT moment FROM (
						SELECT own.fair_ms + :share AS moment
						FROM job AS own
						WHERE own.state = 'queued' AND own.held_by = 'nothing' AND own.class = due.class
							AND own.submitter = due.submitter AND own.priority >= due.priority
							AND own.fair_ms <= :now + :ahead
						ORDER BY own.fair_ms DESC
						LIMIT 1
					) AS own_last
				) AS before_it
			) AS behind
		) AS moments
	) END AS place
	FROM (
		SELECT id, class, submitter, priority, attempts, fair_ms, run_after_ms
		FROM job
		WHERE id = :id AND state = 'queued' AND held_by = 'time' AND run_after_ms <= :now
	) AS due
) AS choice
WHERE id = admitted
