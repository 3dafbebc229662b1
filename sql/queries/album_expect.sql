-- SPDX-License-Identifier: MIT
UPDATE album_part
SET tracks = :tracks
WHERE owner = :owner AND name = :name
