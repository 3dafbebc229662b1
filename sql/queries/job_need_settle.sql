-- SPDX-License-Identifier: MIT
-- After its needs are known: held by jobs as long as one of them is not done.
UPDATE job
SET depth = (
		SELECT COALESCE(max(needed.depth) + 1, 0)
		FROM job_need JOIN job AS needed ON needed.id = job_need.needs
		WHERE job_need.job = :job
	),
	held_by = CASE
		WHEN EXISTS (
			SELECT 1 FROM job_need JOIN job AS needed ON needed.id = job_need.needs
			WHERE job_need.job = :job AND needed.state <> 'done'
		) THEN 'jobs'
		ELSE 'time'
	END
WHERE id = :job
RETURNING depth
