-- SPDX-License-Identifier: MIT
SELECT upload, source, size, part_size, begun_ms FROM sending WHERE store = :store AND key = :key
