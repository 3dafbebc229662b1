-- SPDX-License-Identifier: MIT
DELETE FROM job_key
WHERE created_ms <= :before
