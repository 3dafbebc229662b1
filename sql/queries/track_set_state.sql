-- SPDX-License-Identifier: MIT
UPDATE track
SET state = :state, failure = :failure, updated_ms = :now
WHERE id = :id
