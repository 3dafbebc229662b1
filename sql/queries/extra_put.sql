-- SPDX-License-Identifier: MIT
INSERT INTO extra (track, role, etag, file_size, modified_s)
VALUES (:track, :role, :etag, :file_size, :modified_s)
ON CONFLICT (track, role) DO UPDATE
SET etag = excluded.etag, file_size = excluded.file_size, modified_s = excluded.modified_s
