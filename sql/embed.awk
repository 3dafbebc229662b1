# SPDX-License-Identifier: MIT
# Turns the files of sql/ into C. Run with -v form=header or -v form=source over
# migrations (NNNN_name.sql, in order) and queries (<noun>_<verb>.sql).
function name(path) { sub(/.*\//, "", path); sub(/\.sql$/, "", path); return path }
function quoted(line) { gsub(/\\/, "\\\\", line); gsub(/"/, "\\\"", line); return "\t\"" line "\\n\"\n" }
BEGIN {
	for (i = 1; i < ARGC; i++) {
		path = ARGV[i]; text = ""
		while ((got = (getline line < path)) > 0)
			if (line !~ /^--/) text = text quoted(line)
		if (got < 0) { print "cannot read " path > "/dev/stderr"; exit 1 }
		close(path)
		if (path ~ /\/migrations\//) migrations[++m] = text
		else { names[++q] = name(path); texts[q] = text }
	}
	print "/* Made from sql/ by sql/embed.awk. */"
	if (form == "header") {
		print "#ifndef TONEARM_DB_SQL_TEXT_H\n#define TONEARM_DB_SQL_TEXT_H\n"
		print "enum sql {"
		for (i = 1; i <= q; i++) print "\tSQL_" toupper(names[i]) ","
		print "\tSQL_COUNT\n};\n"
		print "enum { SQL_MIGRATIONS = " m " };\n"
		print "extern const char *const sql_query[SQL_COUNT];      /* text of each named statement */"
		print "extern const char *const sql_query_name[SQL_COUNT]; /* its file name without .sql */"
		print "extern const char *const sql_migration[SQL_MIGRATIONS];\n\n#endif"
	} else {
		print "#include \"db/sql_text.h\"\n"
		print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
		print "const char *const sql_query[SQL_COUNT] = {"
		for (i = 1; i <= q; i++) printf "\t[SQL_%s] =\n%s\t,\n", toupper(names[i]), texts[i]
		print "};\n\nconst char *const sql_query_name[SQL_COUNT] = {"
		for (i = 1; i <= q; i++) printf "\t[SQL_%s] = \"%s\",\n", toupper(names[i]), names[i]
		print "};\n\nconst char *const sql_migration[SQL_MIGRATIONS] = {"
		for (i = 1; i <= m; i++) printf "%s\t,\n", migrations[i]
		print "};"
	}
}
