-- SPDX-License-Identifier: MIT
-- What caches in front (cdn.purge, by name) have to forget (src/model/purge.h). files: names in the track's folder,
-- qualities: of its renditions, each apart by spaces, as they were when it was asked for.
CREATE TABLE purge (
	target TEXT NOT NULL,
	track TEXT NOT NULL,
	files TEXT NOT NULL,
	qualities TEXT NOT NULL,
	asked_ms BIGINT NOT NULL,
	PRIMARY KEY (target, track)
);

PRAGMA user_version = 17;
