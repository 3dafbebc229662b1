-- SPDX-License-Identifier: MIT
DELETE FROM periodic
WHERE name = :name
