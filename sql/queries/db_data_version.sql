-- SPDX-License-Identifier: MIT
-- Changes whenever another connection has committed a change.
PRAGMA data_version
