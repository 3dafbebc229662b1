-- SPDX-License-Identifier: MIT
-- Nothing is inserted for a job that is not there or will never be done.
INSERT INTO job_need (job, needs)
SELECT :job, id
FROM job
WHERE id = :needs AND id <> :job AND state IN ('queued', 'running', 'done')
