-- SPDX-License-Identifier: MIT
SELECT key, what, name, etag, size, state, confirmed_ms, released_ms
FROM remote
WHERE track = :track AND store = :store
ORDER BY key
