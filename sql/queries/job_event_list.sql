-- SPDX-License-Identifier: MIT
SELECT number, at_ms, event, attempt, detail, due_ms
FROM job_event
WHERE job = :job AND number > :after
ORDER BY number
LIMIT :limit
