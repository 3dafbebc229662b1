-- SPDX-License-Identifier: MIT
SELECT needs
FROM job_need
WHERE job = :job
ORDER BY needs
