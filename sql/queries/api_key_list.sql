-- SPDX-License-Identifier: MIT
SELECT id, subject, scope, tracks, expires_s, created_ms
FROM api_key
ORDER BY id
