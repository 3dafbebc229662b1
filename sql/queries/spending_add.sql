-- SPDX-License-Identifier: MIT
-- No row comes back when a write would be one more than MOST_WRITES.
INSERT INTO spending (store, month, writes, reads)
SELECT :store, :month, :writes, :reads WHERE :writes <= :most_writes
ON CONFLICT (store, month) DO UPDATE
SET writes = spending.writes + excluded.writes, reads = spending.reads + excluded.reads
WHERE spending.writes + excluded.writes <= :most_writes OR excluded.writes = 0
RETURNING writes
