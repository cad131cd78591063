// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP connections that processes start. The change to TCP_SYN_SENT runs as the process that
 * connects, before the kernel has chosen the local port. The socket's next event is an answer, a
 * failure or a second try, in the context of any task. The first tells the process; the second
 * tells the port, and whether a SYN was sent at all.
 */
#include "event.bpf.h"

RING(events)

#include "dns.bpf.h"
#include "filter.bpf.h"
#include "repetition.bpf.h"
#include "table.bpf.h"
#include "tcp.bpf.h"

const volatile bool count_only;

struct connect_event {
	struct who who;
	struct connection connection;
	__u8 ip;
	__u8 _pad[7];
};
RECORD(connect_event);

struct connecting {
	struct who who;
	__u32 segments; /* sent on the socket before */
	__u32 _pad;
};

SOCKET_STATE(struct connecting)

struct connect_key {
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 remote_port;
	__u8 ip;
	__u8 _pad[5];
};

struct connect_count {
	__u64 count;
};

TABLE(counts, struct connect_key, struct connect_count, 65536, BPF_F_NO_PREALLOC)

static __always_inline __u32 segments_sent(const struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, segs_out);
}

static __always_inline void count(const struct connect_event *event)
{
	const struct connection *connection = &event->connection;
	struct connect_key key = {.remote_port = connection->remote_port, .ip = event->ip};

	__builtin_memcpy(key.local_address, connection->local_address, 16);
	__builtin_memcpy(key.remote_address, connection->remote_address, 16);

	struct connect_count *entry = counts_entry(&key);

	if (entry)
		ADD(entry->count, 1);
}

static __always_inline void started(const struct sock *sk)
{
	struct connecting start = {};
	struct connection connection = {};

	if (drop_current() || !read_connection(&connection, sk) ||
	    drop_connection(&connection, connection.remote_port))
		return;
	fill_who(&start.who);
	start.segments = segments_sent(sk);
	if (!keep(sk, &start))
		LOST(lost_map_full);
}

static __always_inline void went_on(const struct sock *sk)
{
	struct connecting *start = state_of(sk);
	struct connect_event event = {};

	if (!start)
		return;
	if (segments_sent(sk) != start->segments && read_connection(&event.connection, sk)) {
		event.who = start->who;
		event.ip = ip_version(&event.connection);
		if (!count_only)
			emit(&event, sizeof(event));
		else if (!unwanted(&event))
			count(&event);
	}
	forget(sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state, const struct sock *sk, int before, int after)
{
	if (after == TCP_SYN_SENT)
		started(sk);
	else if (before == TCP_SYN_SENT)
		went_on(sk);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_by_packet, const struct sock *sk, int before)
{
	if (!by_process(sk) && before == TCP_SYN_SENT)
		went_on(sk);
	return 0;
}

SEEN(state_seen)

THREE_TIMES(inet_sock_set_state, state)
{
	const struct sock *sk = (void *)ctx[0];
	int before = ctx[1], after = ctx[2];

	if (by_process(sk))
		mark_seen(&state_seen_preemptible);
	if (after != TCP_SYN_SENT && before == TCP_SYN_SENT)
		went_on(sk);
	else if (after == TCP_SYN_SENT && (time == 1 || !state_of(sk)))
		started(sk);
	return 0;
}

CHECK_STATE_SEEN

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmit, const struct sock *sk)
{
	if (sk->__sk_common.skc_state == TCP_SYN_SENT)
		went_on(sk);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
