-- SPDX-License-Identifier: MIT
SELECT number, etag FROM sending_part WHERE store = :store AND key = :key ORDER BY number
