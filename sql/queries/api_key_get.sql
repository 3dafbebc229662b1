-- SPDX-License-Identifier: MIT
SELECT hash, subject, scope, tracks
FROM api_key
WHERE id = :id AND (expires_s = 0 OR expires_s > :now)
