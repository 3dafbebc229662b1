-- SPDX-License-Identifier: MIT
DELETE FROM remote
WHERE store = :store AND key = :key
