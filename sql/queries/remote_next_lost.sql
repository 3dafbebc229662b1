-- SPDX-License-Identifier: MIT
-- A track that is no more and of which the store still has something.
SELECT track
FROM remote
WHERE store = :store AND track > :after AND NOT EXISTS (SELECT 1 FROM track WHERE track.id = remote.track)
ORDER BY track
LIMIT 1
