/* SPDX-License-Identifier: MIT */
#include "cli/doctor.h"

#include <stdarg.h>

enum { CHECK_COLUMNS = 18 };

static const struct {
	const char *word;
	enum term_style style;
} grades[] = {
	[DOCTOR_OK] = {"ok", TERM_GREEN},
	[DOCTOR_WARN] = {"warn", TERM_YELLOW},
	[DOCTOR_FAIL] = {"FAIL", TERM_RED},
};

void doctor_say(
	struct doctor *doctor, enum doctor_grade grade, const char *check, const char *mend, const char *format, ...)
{
	const struct term *term = &doctor->cli->out;
	va_list args;
	char *found;

	va_start(args, format);
	found = arena_vprintf(&doctor->cli->arena, format, args);
	va_end(args);
	doctor->counts[grade]++;
	if (doctor->checks != NULL) {
		json_array_append_new(doctor->checks, json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "grade",
							      grades[grade].word, "found", found, "mend", mend));
		return;
	}
	fprintf(term->out, "%s%-4s%s  %-*s  %s\n", term_on(term, grades[grade].style), grades[grade].word,
		term_on(term, TERM_PLAIN), CHECK_COLUMNS, check, found);
	if (mend != NULL)
		fprintf(term->out, "      %-*s  %s%s %s%s\n", CHECK_COLUMNS, "", term_on(term, TERM_FAINT),
			term->unicode ? "→" : "->", mend, term_on(term, TERM_PLAIN));
}
