-- SPDX-License-Identifier: MIT
-- Held jobs whose time has come: job_admit gives each its place in line.
SELECT id
FROM job
WHERE state = 'queued' AND held_by = 'time' AND run_after_ms <= :now
ORDER BY run_after_ms, id
LIMIT :limit
