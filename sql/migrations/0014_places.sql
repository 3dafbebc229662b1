-- SPDX-License-Identifier: MIT
-- Where a track may be heard, in the words of src/conf/geo_rule.h; NULL: as configured.

ALTER TABLE track ADD COLUMN places TEXT;

PRAGMA user_version = 14;
