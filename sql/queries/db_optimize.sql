-- SPDX-License-Identifier: MIT
-- Renews the statistics of tables that changed much, looking at no more than a sample.
PRAGMA optimize
