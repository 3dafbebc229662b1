-- SPDX-License-Identifier: MIT
DELETE FROM api_key
WHERE id = :id
