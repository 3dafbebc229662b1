-- SPDX-License-Identifier: MIT
-- The moment from which on the job could run that could for longest; NULL when none can.
SELECT min(run_after_ms)
FROM job
WHERE state = 'queued' AND held_by <> 'jobs' AND run_after_ms <= :now
