-- SPDX-License-Identifier: MIT
-- What lies beside the renditions of a track: waveforms, covers. A row exists only for a file that is whole and in
-- place; `role` and the file's name are those of src/model/extra_role.h, modified_s is in seconds.

CREATE TABLE extra (
	track TEXT NOT NULL REFERENCES track (id) ON DELETE CASCADE,
	role TEXT NOT NULL,
	etag TEXT NOT NULL,
	file_size BIGINT NOT NULL,
	modified_s BIGINT NOT NULL,
	PRIMARY KEY (track, role)
);

PRAGMA user_version = 3;
