-- SPDX-License-Identifier: MIT
SELECT kind, stage, count(*)
FROM job
WHERE state = 'running'
GROUP BY kind, stage
