-- SPDX-License-Identifier: MIT
-- All that the source said of itself, as the JSON of src/media/tags.h. NULL where no worker has looked yet.

ALTER TABLE track ADD COLUMN tags TEXT;

PRAGMA user_version = 5;
