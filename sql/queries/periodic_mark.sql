-- SPDX-License-Identifier: MIT
UPDATE periodic
SET last_job = :job
WHERE name = :name
