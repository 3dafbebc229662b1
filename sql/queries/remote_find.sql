-- SPDX-License-Identifier: MIT
SELECT key, what, name, etag, size, state, confirmed_ms, released_ms
FROM remote
WHERE track = :track AND what = :what AND name = :name AND store = :store AND etag = :etag AND state = 'confirmed'
