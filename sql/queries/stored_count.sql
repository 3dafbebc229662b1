-- SPDX-License-Identifier: MIT
SELECT (SELECT count(*) FROM rendition WHERE damage IS NOT NULL),
	(SELECT count(DISTINCT track) FROM rendition WHERE damage IS NOT NULL),
	(SELECT count(*) FROM track WHERE source_damage IS NOT NULL)
