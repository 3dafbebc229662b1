-- SPDX-License-Identifier: MIT
UPDATE rendition
SET repair_job = :job
WHERE track = :track AND quality = :name AND damage IS NOT NULL
