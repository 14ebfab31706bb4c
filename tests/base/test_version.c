/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <vic/version.h>

static void header_has_the_version_of_the_project(void **state)
{
	(void)state;
	assert_string_equal(VIC_VERSION, PROJECT_VERSION);
}

static void library_has_the_version_of_the_header(void **state)
{
	(void)state;
	assert_string_equal(vic_version(), VIC_VERSION);
}

static void numbers_make_up_the_version(void **state)
{
	char text[40];

	(void)state;
	snprintf(text, sizeof(text), "%d.%d.%d", VIC_VERSION_MAJOR,
		 VIC_VERSION_MINOR, VIC_VERSION_PATCH);
	assert_string_equal(text, VIC_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_has_the_version_of_the_project),
		cmocka_unit_test(library_has_the_version_of_the_header),
		cmocka_unit_test(numbers_make_up_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
