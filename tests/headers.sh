#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, as C and with our warnings. TAP.
# CC, CPPFLAGS and CFLAGS come from the makefile.
cd "$TONEARM_SOURCE" || exit 1
headers=$(find src fcgi jobs -name '*.h' | sort)
echo "1..$(echo "$headers" | wc -l)"
number=0
for header in $headers; do
	number=$((number + 1))
	if output=$(cd "$TONEARM_BUILD" && echo "#include \"$TONEARM_SOURCE/$header\"" |
		$CC $CPPFLAGS $CFLAGS -Werror -fsyntax-only -x c - 2>&1); then
		echo "ok $number - $header"
	else
		echo "not ok $number - $header"
		echo "$output" | sed 's/^/# /'
	fi
done
