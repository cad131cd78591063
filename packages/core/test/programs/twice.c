/* Calls twice(number) for each number below its argument. */
#include <stdlib.h>

__attribute__((noinline)) long twice(long number)
{
	__asm__ volatile("");
	return 2 * number;
}

int main(int argc, char **argv)
{
	long sum = 0;

	for (long number = 0; number < atol(argv[1]); number++)
		sum += twice(number);
	return sum < 0;
}
