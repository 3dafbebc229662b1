-- SPDX-License-Identifier: MIT
-- Of a source that was read for the first time.
UPDATE track
SET source_etag = :etag
WHERE id = :track AND source_file = :name AND source_etag IS NULL
