/* SPDX-License-Identifier: MIT */
#include "check.h"

int check_machine(FILE *out)
{
	(void)out;
	return 2;
}
