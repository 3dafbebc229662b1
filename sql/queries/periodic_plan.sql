-- SPDX-License-Identifier: MIT
UPDATE periodic
SET next_ms = :next
WHERE name = :name
