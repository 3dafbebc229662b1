-- SPDX-License-Identifier: MIT
INSERT INTO job_key (submitter, name, fingerprint, job, created_ms)
VALUES (:submitter, :name, :fingerprint, :job, :now)
ON CONFLICT (submitter, name) DO UPDATE
SET fingerprint = excluded.fingerprint, job = excluded.job, created_ms = excluded.created_ms
