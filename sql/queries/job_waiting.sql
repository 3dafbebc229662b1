-- SPDX-License-Identifier: MIT
-- How many jobs of a class wait; the count stops at :most.
SELECT count(*)
FROM (SELECT 1 FROM job WHERE state = 'queued' AND class = :class LIMIT :most) AS waiting
