// Prints its functions' addresses, loads the libraries that it is told on stdin, and tells theirs; ends with stdin.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) int outer(int x) {
	return x * 3 + 1;
}

static __attribute__((noinline)) int hidden(int x) {
	return x * 5 + 2;
}

int main(void) {
	char line[4096];
	printf("outer %p\nhidden %p\nmain %p\nputs %p\n", (void *)outer, (void *)hidden, (void *)main, dlsym(RTLD_DEFAULT, "puts"));
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		void *library = dlopen(line, RTLD_NOW);
		printf("loaded %p\n", library ? dlsym(library, "loaded") : NULL);
		fflush(stdout);
	}
	return outer(1) + hidden(1) > 0 ? 0 : 1;
}
