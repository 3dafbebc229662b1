-- SPDX-License-Identifier: MIT
SELECT kind, state, jobs
FROM job_end
ORDER BY kind, state
