-- SPDX-License-Identifier: MIT
UPDATE album_part
SET gain_db = :gain_db
WHERE track = :track AND blocks IS NOT NULL AND gain_db IS NULL
