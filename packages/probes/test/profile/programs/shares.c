/* Spends 70, 20 and 10 percent of its time in three functions, until its input ends. Compiled as C and as C++. */
#include <poll.h>

static volatile long sink;

#define WORK(name, parts)                                           \
	__attribute__((noinline)) void name(long turns)              \
	{                                                            \
		for (long turn = 0; turn < turns * (parts); turn++) \
			sink = turn;                                 \
	}

WORK(seventy, 7)
WORK(twenty, 2)
WORK(ten, 1)

int main(void)
{
	struct pollfd input = {.fd = 0, .events = 0};

	while (poll(&input, 1, 0) == 0) {
		seventy(200000);
		twenty(200000);
		ten(200000);
	}
	return 0;
}
