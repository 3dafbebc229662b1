-- SPDX-License-Identifier: MIT
SELECT track, files, qualities, asked_ms
FROM purge
WHERE target = :target
ORDER BY asked_ms, track
LIMIT :most
