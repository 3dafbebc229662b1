-- SPDX-License-Identifier: MIT
-- Writes all of it anew; in between nobody else writes.
VACUUM
