-- SPDX-License-Identifier: MIT
SELECT password, scope, tracks
FROM account
WHERE name = :name
