-- SPDX-License-Identifier: MIT
DELETE FROM refresh_token
WHERE family = :family
