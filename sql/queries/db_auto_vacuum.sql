-- SPDX-License-Identifier: MIT
-- Before the first table is made; later it changes nothing. Free pages can be given back then without a VACUUM.
PRAGMA auto_vacuum = INCREMENTAL
