-- SPDX-License-Identifier: MIT
UPDATE refresh_token
SET used = 1
WHERE hash = :hash AND used = 0
