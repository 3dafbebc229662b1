/* SPDX-License-Identifier: MIT */
#include "job_maker.h"
#include "model/job_key.h"

static const struct job_key key = {.submitter = "label", .name = "upload 7", .fingerprint = "aa"};

static void put(struct fixture *fixture, int number, int64_t now)
{
	struct job job = job_number(number, "label");

	submit(fixture, &job);
	assert_int_equal(job_key_put(fixture->db, &key, job.id, now, NULL), ERR_OK);
}

static void test_check(void **state)
{
	char name[JOB_KEY_LENGTH + 2] = "";

	(void)state;
	assert_int_equal(job_key_check("8e03978e-40d5-43dd-bc93-6894a57f9324", NULL), ERR_OK);
	assert_int_equal(job_key_check("", NULL), ERR_UNPROCESSABLE);
	assert_int_equal(job_key_check("a\tb", NULL), ERR_UNPROCESSABLE);
	assert_int_equal(job_key_check("\xc3\xa9", NULL), ERR_UNPROCESSABLE);
	memset(name, 'x', JOB_KEY_LENGTH);
	assert_int_equal(job_key_check(name, NULL), ERR_OK);
	name[JOB_KEY_LENGTH] = 'x';
	assert_int_equal(job_key_check(name, NULL), ERR_UNPROCESSABLE);
}

static void test_names_its_job(void **state)
{
	struct fixture *fixture = *state;
	struct job_key other = key;
	char id[ID_SIZE];

	assert_int_equal(job_key_find(fixture->db, &key, BIRTH, id, NULL), ERR_NOT_FOUND);
	put(fixture, 1, BIRTH);
	assert_int_equal(job_key_find(fixture->db, &key, BIRTH, id, NULL), ERR_OK);
	assert_string_equal(id, job_number(1, "").id);
	strcpy(other.fingerprint, "bb");
	assert_int_equal(job_key_find(fixture->db, &other, BIRTH, id, NULL), ERR_UNPROCESSABLE);
	other = key;
	other.submitter = "singer";
	assert_int_equal(job_key_find(fixture->db, &other, BIRTH, id, NULL), ERR_NOT_FOUND);
	other = key;
	other.name = "upload 8";
	assert_int_equal(job_key_find(fixture->db, &other, BIRTH, id, NULL), ERR_NOT_FOUND);
}

static void test_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	size_t pruned;
	char id[ID_SIZE];

	put(fixture, 1, BIRTH);
	assert_int_equal(job_key_find(fixture->db, &key, BIRTH + JOB_KEY_KEPT_MS - 1, id, NULL), ERR_OK);
	assert_int_equal(job_key_find(fixture->db, &key, BIRTH + JOB_KEY_KEPT_MS, id, NULL), ERR_NOT_FOUND);
	put(fixture, 2, BIRTH + JOB_KEY_KEPT_MS);
	assert_int_equal(job_key_find(fixture->db, &key, BIRTH + JOB_KEY_KEPT_MS, id, NULL), ERR_OK);
	assert_string_equal(id, job_number(2, "").id);
	/* It goes with its job. */
	assert_int_equal(job_cancel(fixture->db, id, BIRTH, NULL), ERR_OK);
	assert_int_equal(job_prune(fixture->db, BIRTH + 1, 1, &pruned, NULL), ERR_OK);
	assert_int_equal(pruned, 1);
	assert_int_equal(job_key_find(fixture->db, &key, BIRTH + JOB_KEY_KEPT_MS, id, NULL), ERR_NOT_FOUND);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		WITH_DB(test_names_its_job),
		WITH_DB(test_is_forgotten),
	};

	return cmocka_run_group_tests_name("job_key", tests, NULL, NULL);
}
