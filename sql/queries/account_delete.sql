-- SPDX-License-Identifier: MIT
DELETE FROM account
WHERE name = :name
