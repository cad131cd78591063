/*
 * Opens the paths that it is given in hexadecimal, so that they can be any bytes:
 *   openat [-c CWD]... [-d DIRECTORY] [-r] PATH...
 * Relative paths start at CWD, entered step by step and made where it is not there, or at a descriptor of DIRECTORY. `@` is an address with nothing
 * there. With -r the descriptor is a number that is not open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int option, dirfd = AT_FDCWD;

	while ((option = getopt(argc, argv, "c:d:r")) != -1) {
		if (option == 'c' && chdir(optarg) && (mkdir(optarg, 0755) || chdir(optarg)))
			return 1;
		if (option == 'd')
			dirfd = open(optarg, O_PATH);
		if (option == 'r')
			dirfd = 9999;
	}
	for (; optind < argc; optind++) {
		const char *hex = argv[optind];
		size_t length = strlen(hex) / 2;
		char *path = calloc(length + 1, 1), digits[3] = "";

		for (size_t i = 0; i < length; i++) {
			memcpy(digits, hex + 2 * i, 2);
			path[i] = strtol(digits, NULL, 16);
		}

		const char *name = *hex == '@' ? (const char *)16 : path;

		syscall(SYS_openat, dirfd, name, O_RDONLY, 0);
		free(path);
	}
	return 0;
}
