-- SPDX-License-Identifier: MIT
-- Oldest first.
SELECT id
FROM track
WHERE id > :after
ORDER BY id
LIMIT 1
