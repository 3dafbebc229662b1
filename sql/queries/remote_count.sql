-- SPDX-License-Identifier: MIT
SELECT count(*), COALESCE(sum(CASE WHEN state = 'confirmed' THEN 1 ELSE 0 END), 0)
FROM remote
WHERE store = :store
