-- SPDX-License-Identifier: MIT
DELETE FROM revocation
WHERE expires_s <= :now
