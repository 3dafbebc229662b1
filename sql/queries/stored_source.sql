-- SPDX-License-Identifier: MIT
SELECT source_damage
FROM track
WHERE id = :track
