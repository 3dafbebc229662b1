-- SPDX-License-Identifier: MIT
-- The measured tracks of the album that :track belongs to.
SELECT part.true_peak_dbtp, part.blocks
FROM album_part AS asked
JOIN album_part AS part ON part.owner = asked.owner AND part.name = asked.name
WHERE asked.track = :track AND part.blocks IS NOT NULL
