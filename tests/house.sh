#!/bin/sh
# SPDX-License-Identifier: MIT
# The rules of the house (floors, where libraries may be used, where SQL stands). TAP.
cd "$TONEARM_SOURCE" || exit 1
sources=$(find src fcgi jobs -name '*.[ch]' | sort)
number=0

# rule NAME PLACES: passes when no place breaks the rule.
rule() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

echo 1..7

# shellcheck disable=SC2086
rule "a room includes rooms on its own floor or below" "$(awk '
	function floor(path) {
		if (path ~ /^(fcgi|jobs)\// || path ~ /^(src\/)?cli\//) return 4
		if (path ~ /^(src\/)?(manifest|media|package|storage|auth)\//) return 3
		if (path ~ /^(src\/)?(model|http|observe)\//) return 2
		if (path ~ /^(src\/)?(db|conf)\//) return 1
		if (path ~ /^(src\/)?base\//) return 0
		return -1
	}
	/^[ \t]*#[ \t]*include[ \t]*"[a-z]+\// {
		path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
		if (floor(path) > floor(FILENAME)) print FILENAME " includes " path
	}' $sources)"

# shellcheck disable=SC2086
rule "SQL text stands in sql/ only (pragmas and transactions in src/db)" \
	"$(grep -nE '"[[:space:]]*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|WITH|PRAGMA) ' $sources | grep -v '^src/db/')"

# shellcheck disable=SC2086
rule "FFmpeg is used in src/media and the worker only" \
	"$(grep -lE '#[ \t]*include <lib(av|sw)' $sources | grep -vE '^(src/media/|jobs/worker)')"

# shellcheck disable=SC2086
rule "libfcgi is used in src/http only" \
	"$(grep -lE '#[ \t]*include <(fcgiapp|fcgi_stdio)' $sources | grep -v '^src/http/')"

# shellcheck disable=SC2086
rule "SQLite is used in src/db only" "$(grep -lE '#[ \t]*include <sqlite3' $sources | grep -v '^src/db/')"

rule "each source file has its SPDX line" "$(find src fcgi jobs sql www conf-examples tests -type f \
	\( -name '*.[ch]' -o -name '*.sql' -o -name '*.awk' -o -name '*.js' -o -name '*.mjs' -o -name '*.css' -o -name '*.html' \
	-o -name '*.sh' -o -name '*.conf' \) ! -path '*/node_modules/*' -exec sh -c '
		for file; do head -n 5 "$file" | grep -q "SPDX-License-Identifier: MIT" || echo "$file"; done' - {} +)"

# shellcheck disable=SC2086
rule "no file is longer than 600 lines" "$(wc -l $sources | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }')"
