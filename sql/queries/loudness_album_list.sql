-- SPDX-License-Identifier: MIT
-- The tracks under the album's name that are of the owner of :track.
SELECT l.true_peak_dbtp, l.blocks
FROM loudness AS l
JOIN track AS t ON t.id = l.track
WHERE l.album = :album AND t.owner = (SELECT owner FROM track WHERE id = :track)
