-- SPDX-License-Identifier: MIT
UPDATE remote
SET state = 'pending', confirmed_ms = 0, released_ms = 0
WHERE store = :store AND key = :key
