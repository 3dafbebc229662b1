-- SPDX-License-Identifier: MIT
SELECT family, subject, scope, tracks, used
FROM refresh_token
WHERE hash = :hash AND expires_s > :now
