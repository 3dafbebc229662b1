-- SPDX-License-Identifier: MIT
SELECT after, began_ms, ended_ms
FROM verification
WHERE name = :name
