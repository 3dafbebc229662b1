-- SPDX-License-Identifier: MIT
-- :subject NULL stands for all of them.
DELETE FROM refresh_token
WHERE :subject IS NULL OR subject = :subject
