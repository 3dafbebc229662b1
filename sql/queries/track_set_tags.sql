-- SPDX-License-Identifier: MIT
UPDATE track
SET tags = :tags
WHERE id = :id
