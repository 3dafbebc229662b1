-- SPDX-License-Identifier: MIT
UPDATE remote
SET released_ms = :now
WHERE store = :store AND key = :key AND etag = :etag AND state = 'confirmed' AND released_ms = 0
