-- SPDX-License-Identifier: MIT
SELECT name, scope, tracks, created_ms
FROM account
ORDER BY name
