-- SPDX-License-Identifier: MIT
-- What is the same already stays as it is.
INSERT INTO remote (store, key, track, what, name, etag, size, state, confirmed_ms, released_ms)
VALUES (:store, :key, :track, :what, :name, :etag, :size, 'pending', 0, 0)
ON CONFLICT (store, key) DO UPDATE
SET track = excluded.track, what = excluded.what, name = excluded.name, etag = excluded.etag, size = excluded.size,
	state = 'pending', confirmed_ms = 0, released_ms = 0
WHERE remote.etag <> excluded.etag OR remote.size <> excluded.size OR remote.name <> excluded.name
	OR remote.what <> excluded.what
