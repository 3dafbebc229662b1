-- SPDX-License-Identifier: MIT
-- NULL when no job waits for a moment. Two looks into an index.
SELECT min(moment)
FROM (
	SELECT min(run_after_ms) AS moment FROM job WHERE state = 'queued' AND held_by = 'time'
	UNION ALL
	SELECT min(lease_expires_ms) AS moment FROM job WHERE state = 'running'
) AS moments
