-- SPDX-License-Identifier: MIT
SELECT kind, value, before_s
FROM revocation
WHERE expires_s > :now
ORDER BY kind, value
