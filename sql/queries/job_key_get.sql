-- SPDX-License-Identifier: MIT
SELECT job, fingerprint
FROM job_key
WHERE submitter = :submitter AND name = :name AND created_ms > :since
