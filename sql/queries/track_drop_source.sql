-- SPDX-License-Identifier: MIT
-- The source is not kept after the job :job, unless another job of the track waits for it.
UPDATE track
SET source_file = NULL
WHERE id = :id AND NOT EXISTS (
	SELECT 1 FROM job
	WHERE job.track = :id AND job.id <> :job AND job.state IN ('queued', 'running')
)
