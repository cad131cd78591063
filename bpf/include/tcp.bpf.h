// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TCP sockets: both ends of a connection, and the filters that TCP probes share. */
#pragma once

/*
 * A socket may be of another network namespace than the process that has it. So this comes before
 * filter.bpf.h.
 */
#define NETNS_OF_SOCKETS
#ifdef MOST_WANTED
#error "include tcp.bpf.h, or what includes it, before filter.bpf.h"
#endif

#include "descriptor.bpf.h"
#include "filter.bpf.h"

#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262

/* include/net/tcp_states.h */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
};

const volatile __u8 only_ip; /* 4 or 6; 0: both */

#define MAX_PORTS 64
const volatile __u32 ports_count;
const volatile __u16 only_ports[MAX_PORTS];

/*
 * Both ends of a connection. Addresses have IPv6's 16 bytes. An IPv4 address is mapped into
 * ::ffff:0:0/96, whether its socket is IPv4 or a mapped IPv6 one: its packets are IPv4.
 */
struct connection {
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 local_port;
	__u16 remote_port;
	__u32 netns_id;
};

static __always_inline bool is_mapped(const __u8 *address)
{
	const __u32 *words = (void *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline void map_address(__u8 *address, __u32 ipv4)
{
	__u32 *words = (void *)address;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = ipv4;
}

/* Reads a socket's two ends. False if it does not speak PROTOCOL over IP. */
static __always_inline bool read_ends(struct connection *connection, const struct sock *sk,
				      __u16 protocol)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (BPF_CORE_READ(sk, sk_protocol) != protocol || (family != AF_INET && family != AF_INET6))
		return false;
	if (family == AF_INET6)
		BPF_CORE_READ_INTO(&connection->remote_address, sk, __sk_common.skc_v6_daddr);
	if (family == AF_INET || is_mapped(connection->remote_address)) {
		map_address(connection->local_address,
			    BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_address(connection->remote_address, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else {
		BPF_CORE_READ_INTO(&connection->local_address, sk, __sk_common.skc_v6_rcv_saddr);
	}
	/* Not skc_num, which is cleared before the hook of the change to TCP_CLOSE. */
	connection->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	connection->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	connection->netns_id = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return true;
}

static __always_inline bool read_connection(struct connection *connection, const struct sock *sk)
{
	return read_ends(connection, sk, IPPROTO_TCP);
}

/*
 * The same for a socket that a process has accepted. An MPTCP socket has TCP sockets under it.
 * When it connects, these are seen; when it is accepted, the process gets the MPTCP socket
 * itself.
 */
static __always_inline bool read_accepted(struct connection *connection, const struct sock *sk)
{
	return read_connection(connection, sk) || read_ends(connection, sk, IPPROTO_MPTCP);
}

/* The socket that a file is, or NULL. */
static __always_inline struct sock *socket_of_file(struct file *file)
{
	/* Only a socket points back at its file. */
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, file) == file ? BPF_CORE_READ(socket, sk) : NULL;
}

/* The socket behind a descriptor of the current task, or NULL. */
static __always_inline struct sock *socket_of(long fd)
{
	struct file *file = file_of(fd);

	return file ? socket_of_file(file) : NULL;
}

/*
 * Whether a process changes the socket, not the handling of a packet or a timer.
 *
 * A packet may interrupt a program that runs for a process, and the kernel does not run a
 * program inside itself. So programs at such hooks come in pairs: the first sees every change
 * that does not interrupt it, the second those by packets. If both see a change, the second
 * finds the work done.
 */
static __always_inline bool by_process(const struct sock *sk)
{
	return sk->sk_lock.owned;
}

/* The same if the verifier does not know the socket's type. */
static __always_inline bool is_owned(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_lock.owned);
}

/* Makes the pair of programs for the end of a socket, which call ACT with it. */
#define AT_SOCKET_END(act)                               \
	SEC("tp_btf/tcp_destroy_sock")                   \
	int BPF_PROG(destroy, struct sock *sk)           \
	{                                                \
		act(sk);                                 \
		return 0;                                \
	}                                                \
                                                         \
	SEC("tp_btf/tcp_destroy_sock")                   \
	int BPF_PROG(destroy_by_packet, struct sock *sk) \
	{                                                \
		if (!by_process(sk))                     \
			act(sk);                         \
		return 0;                                \
	}

/* The fourth program for changes of a socket's state by processes: see repetition.bpf.h. */
#define CHECK_STATE_SEEN                                                                          \
	CHECK_SEEN("sock/inet_sock_set_state", state, struct trace_event_raw_inet_sock_set_state, \
		   is_owned(event->skaddr))

/*
 * Makes storage for a program's state of a socket. It belongs to the socket, so nobody can use
 * up another's. But a socket has little room (net.core.optmem_max), and its owner may fill it,
 * or allow none in a network namespace of its own. Such sockets share a map.
 */
#define SOCKET_STATE(TYPE)                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_SK_STORAGE);                                             \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, int);                                                                  \
		__type(value, TYPE);                                                               \
	} kept SEC(".maps");                                                                       \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 16384);                                                        \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, __u64);                                                                \
		__type(value, TYPE);                                                               \
	} kept_elsewhere SEC(".maps");                                                             \
	bool any_elsewhere;                                                                        \
                                                                                                   \
	static __always_inline TYPE *state_of(const struct sock *sk)                               \
	{                                                                                          \
		__u64 key = (__u64)sk;                                                             \
		TYPE *state = bpf_sk_storage_get(&kept, (void *)sk, 0, 0);                         \
                                                                                                   \
		if (state || !any_elsewhere)                                                       \
			return state;                                                              \
		return bpf_map_lookup_elem(&kept_elsewhere, &key);                                 \
	}                                                                                          \
                                                                                                   \
	/* False where there is no room. */                                                        \
	static __always_inline bool keep(const struct sock *sk, TYPE *state)                       \
	{                                                                                          \
		__u64 key = (__u64)sk;                                                             \
		TYPE *place =                                                                      \
			bpf_sk_storage_get(&kept, (void *)sk, state, BPF_SK_STORAGE_GET_F_CREATE); \
                                                                                                   \
		if (place) {                                                                       \
			*place = *state;                                                           \
			return true;                                                               \
		}                                                                                  \
		any_elsewhere = true;                                                              \
		return bpf_map_update_elem(&kept_elsewhere, &key, state, BPF_ANY) == 0;            \
	}                                                                                          \
                                                                                                   \
	static __always_inline void forget(const struct sock *sk)                                  \
	{                                                                                          \
		__u64 key = (__u64)sk;                                                             \
                                                                                                   \
		bpf_sk_storage_delete(&kept, (void *)sk);                                          \
		if (any_elsewhere)                                                                 \
			bpf_map_delete_elem(&kept_elsewhere, &key);                                \
	}

static __always_inline __u8 ip_version(const struct connection *connection)
{
	return is_mapped(connection->remote_address) ? 4 : 6;
}

/* Whether a list of wanted ports contains a port, or is empty. */
static __always_inline bool has_port(const volatile __u16 *ports, __u32 count, __u16 port)
{
	for (__u32 i = 0; i < MAX_PORTS; i++)
		if (i < count && ports[i] == port)
			return true;
	return !count;
}

/* Whether a connection is not wanted. PORT is the port that the probe's port filter applies to. */
static __always_inline bool drop_connection(const struct connection *connection, __u16 port)
{
	if (only_ip && only_ip != ip_version(connection))
		return true;
	if (drop_netns(connection->netns_id))
		return true;
	return !has_port(only_ports, ports_count, port);
}
