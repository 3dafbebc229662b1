-- SPDX-License-Identifier: MIT
UPDATE track
SET source_file = :source_file, source_format = :source_format, source_bytes = :source_bytes, updated_ms = :updated_ms
WHERE id = :id
