-- SPDX-License-Identifier: MIT
INSERT INTO sending (store, key, upload, source, size, part_size, begun_ms)
VALUES (:store, :key, :upload, :source, :size, :part_size, :begun_ms)
