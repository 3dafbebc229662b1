-- SPDX-License-Identifier: MIT
-- Unless another file took its place since. :damage is NULL for one that is as it was made again.
UPDATE rendition
SET damage = :damage, damaged_ms = CASE WHEN :damage IS NULL THEN 0 ELSE :now END,
	repair_job = CASE WHEN :damage IS NULL THEN NULL ELSE repair_job END
WHERE track = :track AND quality = :name AND etag = :etag AND damage IS DISTINCT FROM :damage
