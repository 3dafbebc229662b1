-- SPDX-License-Identifier: MIT
-- Only while the upload is the one that the part belongs to.
INSERT INTO sending_part (store, key, number, etag)
SELECT s.store, s.key, :number, :etag FROM sending AS s
WHERE s.store = :store AND s.key = :key AND s.upload = :upload
ON CONFLICT (store, key, number) DO UPDATE SET etag = excluded.etag
