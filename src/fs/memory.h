/* SPDX-License-Identifier: MIT */
/* Memory that was freed goes back to the system. */
#pragma once

/* After much was freed: glibc keeps what lies between other blocks until it is
 * asked; musl gives it back by itself. */
void memory_give_back(void);
