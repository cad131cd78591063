// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * DNS packets that processes send and receive by UDP, unparsed. Queries are read at the start of
 * the sending call, so before their answers; answers at the end of the receiving call. User
 * space parses the packets and matches answers with queries.
 */
#pragma once

#include "preemption.bpf.h"
#include "syscall.bpf.h"
#include "tcp.bpf.h"

#define IPPROTO_UDP 17
#define DNS_PORT 53
#define DNS_MIN 12 /* a header */
#define DNS_MAX 4096
#define DNS_MESSAGES_MAX \
	8 /* of one sendmmsg or recvmmsg; resolvers ask for two addresses at once */

/*
 * Not an event. No filter applies, as another process may resolve the name for the one that
 * connects.
 */
struct dns_packet {
	struct who who;
	__u64 socket; /* its inode number */
	__u8 server[16];
	__u32 netns_id;
	__u8 query;
	__u8 _pad[3];
	struct text packet;
	__u32 _pad2;
};
TEXT_RECORD(dns_packet, DNS_MAX, 2);

#define SLOT_SENT 0
#define SLOT_RECEIVED 1

/* Packets that found no room in their half of the ring. The other half is kept for events. */
__u64 lost_dns_packet;

/* Of linux/socket.h, in the memory of a 64-bit process. */
struct user_part {
	void *base;
	__u64 length;
};

struct user_message {
	void *name;
	__u32 name_length;
	__u32 _pad;
	struct user_part *parts;
	__u64 parts_length;
	void *control;
	__u64 control_length;
	__u32 flags;
	__u32 _pad2;
};

struct user_messages {
	struct user_message message;
	__u32 length;
	__u32 _pad;
};

/* Of linux/in.h and linux/in6.h; the port is at the same offset in both. */
union user_address {
	struct {
		__u16 family;
		__be16 port;
		__be32 address;
	} v4;
	struct {
		__u16 family;
		__be16 port;
		__be32 flow;
		__u8 address[16];
	} v6;
};

/* A socket of the current process that speaks UDP, or NULL. */
static __always_inline struct sock *udp_socket(int fd)
{
	struct sock *sk = socket_of(fd);

	return sk && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP ? sk : NULL;
}

/*
 * The DNS server at the other end: the address that the socket is connected to, or else the one
 * at PEER in the process's memory. False if it is no DNS server.
 */
static __always_inline bool read_server(__u8 *server, struct sock *sk, const void *peer)
{
	struct connection connection = {};
	union user_address address = {};

	if (!read_ends(&connection, sk, IPPROTO_UDP))
		return false;
	if (connection.remote_port) {
		__builtin_memcpy(server, connection.remote_address, 16);
		return connection.remote_port == DNS_PORT;
	}
	if (bpf_probe_read_user(&address.v4, sizeof(address.v4), peer) ||
	    address.v4.port != bpf_htons(DNS_PORT))
		return false;
	if (address.v4.family == AF_INET) {
		map_address(server, address.v4.address);
		return true;
	}
	if (address.v4.family != AF_INET6 ||
	    bpf_probe_read_user(&address.v6, sizeof(address.v6), peer))
		return false;
	__builtin_memcpy(server, address.v6.address, 16);
	return true;
}

/*
 * Sends a packet to user space if it is a DNS packet, as far as the process has it in memory.
 * Not static, and with only numbers as arguments, so that the verifier checks it once.
 */
__noinline int tell_packet(__u64 socket, __u64 peer, __u64 packet, __u64 length, bool query)
{
	struct dns_packet_record *record = new_record(query ? SLOT_SENT : SLOT_RECEIVED);
	struct sock *sk = (void *)socket;

	if (!record || length < DNS_MIN || !read_server(record->event.server, sk, (void *)peer))
		return 0;
	if (length > DNS_MAX)
		length = DNS_MAX;
	if (bpf_probe_read_user(record->tail, length, (void *)packet))
		return 0;
	fill_who(&record->event.who);
	record->event.who._record = 1;
	record->event.socket = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	record->event.netns_id = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	record->event.query = query;
	record->event.packet.offset = sizeof(record->event);
	record->event.packet.length = length;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >
	    bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 2)
		LOST(lost_dns_packet);
	else
		emit_text(record, sizeof(record->event) + length);
	return 0;
}

static __always_inline void tell_message(struct sock *sk, const struct user_message *at,
					 __u64 length, bool query)
{
	struct user_message message = {};
	struct user_part part = {};

	bpf_probe_read_user(&message, sizeof(message), at);
	bpf_probe_read_user(&part, sizeof(part), message.parts);
	if (query || length > part.length)
		length = part.length;
	tell_packet((__u64)sk, (__u64)message.name, (__u64)part.base, length, query);
}

/* Those of sendmmsg and recvmmsg. */
__noinline int tell_messages(__u64 socket, __u64 messages, __u64 count, bool query)
{
	const struct user_messages *at = (void *)messages;

	for (int i = 0; i < DNS_MESSAGES_MAX && i < count; i++) {
		__u32 length = 0;

		bpf_probe_read_user(&length, sizeof(length), &at[i].length);
		tell_message((void *)socket, &at[i].message, length, query);
	}
	return 0;
}

AT_SYSCALL_START(dns_sent)
{
	if (nr != SYS_SENDTO && nr != SYS_SENDMSG && nr != SYS_SENDMMSG && nr != SYS_WRITE)
		return 0;
	if (in_compat_call())
		return 0;

	struct sock *sk = udp_socket(regs->di);

	if (!sk)
		return 0;
	if (nr == SYS_SENDMSG)
		tell_message(sk, (void *)regs->si, 0, true);
	else if (nr == SYS_SENDMMSG)
		tell_messages((__u64)sk, regs->si, regs->dx, true);
	else
		tell_packet((__u64)sk, nr == SYS_SENDTO ? regs->r8 : 0, regs->si, regs->dx, true);
	return 0;
}

AT_SYSCALL_END(dns_received)
{
	long nr = regs->orig_ax;

	if (nr != SYS_RECVFROM && nr != SYS_RECVMSG && nr != SYS_RECVMMSG && nr != SYS_READ)
		return 0;
	if (!has_result(regs, &ret) || ret < (nr == SYS_RECVMMSG ? 1 : DNS_MIN) || in_compat_call())
		return 0;

	struct sock *sk = udp_socket(regs->di);

	if (!sk)
		return 0;
	if (nr == SYS_RECVMSG)
		tell_message(sk, (void *)regs->si, ret, false);
	else if (nr == SYS_RECVMMSG)
		tell_messages((__u64)sk, regs->si, ret, false);
	else
		tell_packet((__u64)sk, nr == SYS_RECVFROM ? regs->r8 : 0, regs->si,
			    ret < regs->dx ? ret : regs->dx, false);
	return 0;
}
