-- SPDX-License-Identifier: MIT
SELECT state, count(*)
FROM job
GROUP BY state
