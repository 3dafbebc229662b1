-- SPDX-License-Identifier: MIT
-- Renditions in other containers than CMAF; those have no segments.

ALTER TABLE rendition ADD COLUMN container TEXT NOT NULL DEFAULT 'cmaf';

PRAGMA user_version = 4;
