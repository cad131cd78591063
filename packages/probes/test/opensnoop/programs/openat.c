/*
 * Opens the paths that it is given in hexadecimal, so that they can be any bytes:
 *   openat [-c CWD]... [-d DIRECTORY] [-r] [-R ROOT] [-2 RESOLVE] PATH...
 * Relative paths start at CWD, entered step by step and made where it is not there, or at a descriptor of DIRECTORY. `@` is an address with nothing
 * there. With -r the descriptor is a number that is not open. -R changes the root, -2 makes it openat2 with these rules.
 * Prints what is then behind each descriptor, as the kernel names it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct open_how how = {.flags = O_RDONLY};
	int option, dirfd = AT_FDCWD, descriptors = open("/proc/self/fd", O_PATH), second = 0;

	while ((option = getopt(argc, argv, "c:d:rR:2:")) != -1) {
		if (option == 'c' && chdir(optarg) && (mkdir(optarg, 0755) || chdir(optarg)))
			return 1;
		if (option == 'd')
			dirfd = open(optarg, O_PATH);
		if (option == 'r')
			dirfd = 9999;
		if (option == 'R' && chroot(optarg))
			return 1;
		if (option == '2') {
			how.resolve = atoi(optarg);
			second = 1;
		}
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
		char number[16], link[8192] = "";
		int fd = second ? syscall(SYS_openat2, dirfd, name, &how, sizeof(how))
				: syscall(SYS_openat, dirfd, name, O_RDONLY, 0);

		snprintf(number, sizeof(number), "%d", fd);
		if (fd >= 0 && readlinkat(descriptors, number, link, sizeof(link) - 1) > 0)
			puts(link);
		free(path);
	}
	return 0;
}
