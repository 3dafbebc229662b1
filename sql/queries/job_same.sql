-- SPDX-License-Identifier: MIT
-- One that waits and will do the same.
SELECT id
FROM job
WHERE kind = :kind AND payload = :payload AND class = 'network' AND state = 'queued'
LIMIT 1
