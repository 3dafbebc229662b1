-- SPDX-License-Identifier: MIT
-- Of a source that was read for the first time the checksum comes now.
UPDATE remote
SET state = 'confirmed', etag = :etag, confirmed_ms = :now
WHERE store = :store AND key = :key AND (etag = :etag OR etag = '') AND size = :size
