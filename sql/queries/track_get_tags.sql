-- SPDX-License-Identifier: MIT
SELECT tags
FROM track
WHERE id = :id
