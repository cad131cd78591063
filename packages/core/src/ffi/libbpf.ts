import { native } from "./koffi.js";
import { lazily, loadLibrary } from "./library.js";

/** libbpf's functions under their own names, from version 1.0 or later. libbpf.h and bpf.h document them. */
export const libbpf = lazily(() => {
  const lib = loadLibrary("libbpf.so.1", "libbpf1");
  return {
    libbpf_set_print: lib.func("void *libbpf_set_print(void *print)"),
    libbpf_num_possible_cpus: lib.func("int libbpf_num_possible_cpus()"),
    libbpf_find_vmlinux_btf_id: lib.func("int libbpf_find_vmlinux_btf_id(const char *name, int attach_type)"),

    bpf_object__open_mem: lib.func("void *bpf_object__open_mem(const void *buf, size_t size, const void *opts)"),
    bpf_object__btf: lib.func("void *bpf_object__btf(const void *obj)"),
    bpf_object__load: lib.func("int bpf_object__load(void *obj)"),
    bpf_object__close: lib.func("void bpf_object__close(void *obj)"),
    bpf_object__next_map: lib.func("void *bpf_object__next_map(const void *obj, const void *map)"),
    bpf_object__next_program: lib.func("void *bpf_object__next_program(const void *obj, void *prog)"),
    btf__raw_data: lib.func("const void *btf__raw_data(const void *btf, _Out_ uint32_t *size)"),

    bpf_prog_load: lib.func(
      "int bpf_prog_load(int type, const char *name, const char *license, const void *insns, size_t count, const void *opts)",
    ),
    bpf_prog_test_run_opts: lib.func("int bpf_prog_test_run_opts(int fd, _Inout_ void *opts)"),

    bpf_map__name: lib.func("const char *bpf_map__name(const void *map)"),
    bpf_map__fd: lib.func("int bpf_map__fd(const void *map)"),
    bpf_map__reuse_fd: lib.func("int bpf_map__reuse_fd(void *map, int fd)"),
    bpf_map__max_entries: lib.func("uint32_t bpf_map__max_entries(const void *map)"),
    bpf_map__set_max_entries: lib.func("int bpf_map__set_max_entries(void *map, uint32_t max_entries)"),
    bpf_map__set_type: lib.func("int bpf_map__set_type(void *map, int type)"),
    bpf_map__set_autocreate: lib.func("int bpf_map__set_autocreate(void *map, bool autocreate)"),
    bpf_map__initial_value: lib.func("void *bpf_map__initial_value(void *map, _Out_ size_t *psize)"),

    bpf_program__fd: lib.func("int bpf_program__fd(const void *prog)"),
    bpf_program__name: lib.func("const char *bpf_program__name(const void *prog)"),
    bpf_program__section_name: lib.func("const char *bpf_program__section_name(const void *prog)"),
    bpf_program__expected_attach_type: lib.func("int bpf_program__expected_attach_type(const void *prog)"),
    bpf_program__set_autoload: lib.func("int bpf_program__set_autoload(void *prog, bool autoload)"),
    bpf_program__attach: lib.func("void *bpf_program__attach(const void *prog)"),
    bpf_program__attach_uprobe_opts: lib.func(
      "void *bpf_program__attach_uprobe_opts(const void *prog, int pid, const char *binary_path, size_t func_offset, const void *opts)",
    ),
    bpf_program__attach_usdt: lib.func(
      "void *bpf_program__attach_usdt(const void *prog, int pid, const char *binary_path, const char *usdt_provider, const char *usdt_name, const void *opts)",
    ),
    bpf_program__attach_perf_event: lib.func("void *bpf_program__attach_perf_event(const void *prog, int pfd)"),
    bpf_link__fd: lib.func("int bpf_link__fd(const void *link)"),
    bpf_link__destroy: lib.func("int bpf_link__destroy(void *link)"),
    bpf_iter_create: lib.func("int bpf_iter_create(int link_fd)"),

    bpf_map_create: lib.func(
      "int bpf_map_create(int map_type, const char *map_name, uint32_t key_size, uint32_t value_size, uint32_t max_entries, const void *opts)",
    ),
    bpf_map_lookup_elem: lib.func("int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)"),
    bpf_map_update_elem: lib.func(
      "int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)",
    ),
    bpf_map_delete_elem: lib.func("int bpf_map_delete_elem(int fd, const void *key)"),
    bpf_map_get_next_key: lib.func("int bpf_map_get_next_key(int fd, const void *key, _Out_ void *next_key)"),
    bpf_map_lookup_batch: lib.func(
      "int bpf_map_lookup_batch(int fd, void *in_batch, _Out_ void *out_batch, _Out_ void *keys, _Out_ void *values, _Inout_ uint32_t *count, const void *opts)",
    ),
    bpf_map_lookup_and_delete_batch: lib.func(
      "int bpf_map_lookup_and_delete_batch(int fd, void *in_batch, _Out_ void *out_batch, _Out_ void *keys, _Out_ void *values, _Inout_ uint32_t *count, const void *opts)",
    ),
    bpf_obj_get: lib.func("int bpf_obj_get(const char *pathname)"),
    bpf_obj_pin: lib.func("int bpf_obj_pin(int fd, const char *pathname)"),
    bpf_obj_get_info_by_fd: lib.func(
      "int bpf_obj_get_info_by_fd(int fd, _Out_ void *info, _Inout_ uint32_t *info_len)",
    ),
  };
});

/** `int print(enum libbpf_print_level level, const char *format, va_list args)` */
export const printCallback = lazily(() =>
  native().pointer(native().proto("int libbpf_print_fn(int level, const void *format, void *args)")),
);
