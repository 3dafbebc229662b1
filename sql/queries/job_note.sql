-- SPDX-License-Identifier: MIT
INSERT INTO job_event (job, number, at_ms, event, attempt, detail, due_ms)
SELECT id, (SELECT COALESCE(max(number), 0) + 1 FROM job_event WHERE job = :id), :now, 'note', attempts, :detail, 0
FROM job
WHERE id = :id AND state = 'running' AND lease_owner = :owner
