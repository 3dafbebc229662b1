-- SPDX-License-Identifier: MIT
DELETE FROM refresh_token
WHERE expires_s <= :now
