/*
 * Makes 32-bit system calls from a 64-bit program: compat PATH. It opens PATH with the 32-bit
 * open, creat, openat and openat2, then calls what has the same numbers as opens and is none:
 * in the 64-bit table fstat, lseek and preadv, in the 32-bit one readlink.
 * Prints what the four opens returned.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int call32(long number, long a, long b, long c, long d)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(int argc, char **argv)
{
	/* Where 32 bits are enough for an address. */
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct open_how *how = (void *)(low + 4096);
	long path = (long)low;

	if (argc != 2 || low == MAP_FAILED)
		return 1;
	strcpy(low, argv[1]);
	*how = (struct open_how){ .flags = O_RDONLY | O_CLOEXEC };

	int creat_ret = call32(8, path, 0640, 0, 0);
	int open_ret = call32(5, path, O_WRONLY | O_APPEND, 0, 0);
	int openat_ret = call32(295, AT_FDCWD, path, O_CREAT | O_EXCL, 0600);
	int openat2_ret = call32(437, AT_FDCWD, path, (long)how, sizeof(*how));

	syscall(5, open_ret, path + 4096);
	syscall(8, open_ret, path, 0);
	syscall(295, AT_FDCWD, path, 0, 0);
	call32(85, path, path + 4096, 64, 0);

	printf("%d %d %d %d\n", creat_ret, open_ret, openat_ret, openat2_ret);
	return 0;
}
