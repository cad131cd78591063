// Prints its functions' addresses, then reads lines: `stack` prints a stack, `become NAME` execs
// another program, and the path of a library loads it and prints its function's address. Ends with
// stdin.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) int outer(int x)
{
	return x * 3 + 1;
}

static __attribute__((noinline)) int hidden(int x)
{
	return x * 5 + 2;
}

// As the kernel does: from frame to frame, while these go up.
static __attribute__((noinline)) void stack(void)
{
	void **frame = __builtin_frame_address(0);
	void **next;
	for (;; frame = next) {
		printf("%p ", frame[1]);
		next = frame[0];
		if (next <= frame || next > frame + (1 << 16))
			break;
	}
	printf("\n");
}

static __attribute__((noinline)) void middle(void)
{
	stack();
	fflush(stdout);
}

int main(void)
{
	char line[4096];
	printf("outer %p\nhidden %p\nmain %p\nputs %p\n", (void *)outer, (void *)hidden,
	       (void *)main, dlsym(RTLD_DEFAULT, "puts"));
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (strcmp(line, "stack") == 0) {
			middle();
			continue;
		}
		if (strncmp(line, "become ", 7) == 0) {
			execl(line + 7, line + 7, (char *)NULL);
			return 1;
		}
		void *library = dlopen(line, RTLD_NOW);
		printf("loaded %p\n", library ? dlsym(library, "loaded") : NULL);
		fflush(stdout);
	}
	return outer(1) + hidden(1) > 0 ? 0 : 1;
}
