-- SPDX-License-Identifier: MIT
SELECT id, owner, size, part_size, sha256, filename, fields, created_ms, expires_ms, finished_ms
FROM direct
WHERE expires_ms <= :now
ORDER BY expires_ms
LIMIT 1
