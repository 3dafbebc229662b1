-- SPDX-License-Identifier: MIT
UPDATE track
SET source_damage = :damage
WHERE id = :track AND source_file = :name AND source_damage IS DISTINCT FROM :damage
