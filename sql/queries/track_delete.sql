-- SPDX-License-Identifier: MIT
DELETE FROM track
WHERE id = :id
