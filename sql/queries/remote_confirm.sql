-- SPDX-License-Identifier: MIT
-- Unless something else is to be there by now. Of a source that was read for the first time the checksum comes now.
INSERT INTO remote (store, key, track, what, name, etag, size, state, confirmed_ms, released_ms)
VALUES (:store, :key, :track, :what, :name, :etag, :size, 'confirmed', :now, 0)
ON CONFLICT (store, key) DO UPDATE
SET state = 'confirmed', etag = excluded.etag, confirmed_ms = excluded.confirmed_ms
WHERE (remote.etag = excluded.etag OR remote.etag = '') AND remote.size = excluded.size
