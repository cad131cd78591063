// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * DNS answers that processes receive by UDP: copied, as they are, from where the process
 * got them, at the end of the call that received them. User space reads the packets.
 */
#pragma once

#include "syscall.bpf.h"
#include "tcp.bpf.h"

#define IPPROTO_UDP 17
#define DNS_PORT 53
#define DNS_MIN 12 /* a header */
#define DNS_MAX 4096
#define DNS_MESSAGES_MAX 8 /* of one recvmmsg; resolvers ask for two addresses at once */

/* Not an event; any process may ask for the one that connects, so no filter applies. */
struct dns_answer {
	struct who who;
	struct text packet;
	__u32 _pad;
};
TEXT_RECORD(dns_answer, DNS_MAX, 1);

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

/* Whether a datagram from PEER, as the process was told it, is of a DNS server. */
static __always_inline bool from_dns(struct sock *sk, const void *peer)
{
	__be16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

	/* An unconnected socket has no peer of its own; the port follows the family in both versions. */
	if (!port)
		bpf_probe_read_user(&port, sizeof(port), peer + 2);
	return port == bpf_htons(DNS_PORT);
}

/* LENGTH is that of the packet, which may be more than the ROOM that the process had for it. */
static __always_inline void tell_answer(const void *packet, long length, unsigned long room)
{
	struct dns_answer_record *record = new_record(0);

	if (length > room)
		length = room;
	if (!record || length <= 0)
		return;
	if (length > DNS_MAX)
		length = DNS_MAX;
	if (bpf_probe_read_user(record->tail, length, packet))
		return;
	fill_who(&record->event.who);
	record->event.who._record = 1;
	record->event.packet.offset = sizeof(record->event);
	record->event.packet.length = length;
	emit_text(record, sizeof(record->event) + length);
}

static __always_inline void tell_message(struct sock *sk, const struct user_message *at,
					 long length)
{
	struct user_message message = {};
	struct user_part part = {};

	bpf_probe_read_user(&message, sizeof(message), at);
	bpf_probe_read_user(&part, sizeof(part), message.parts);
	if (from_dns(sk, message.name))
		tell_answer(part.base, length, part.length);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(dns_received, struct pt_regs *regs, long ret)
{
	long nr = regs->orig_ax;

	if (nr != SYS_RECVFROM && nr != SYS_RECVMSG && nr != SYS_RECVMMSG && nr != SYS_READ)
		return 0;
	if (!has_result(regs, &ret) || ret < (nr == SYS_RECVMMSG ? 1 : DNS_MIN) || in_compat_call())
		return 0;

	struct sock *sk = socket_of((int)regs->di);

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	switch (nr) {
	case SYS_RECVMSG:
		tell_message(sk, (void *)regs->si, ret);
		break;
	case SYS_RECVMMSG:
		for (int i = 0; i < DNS_MESSAGES_MAX; i++) {
			struct user_messages *messages = (void *)regs->si;
			__u32 length = 0;

			if (i >= ret)
				break;
			bpf_probe_read_user(&length, sizeof(length), &messages[i].length);
			tell_message(sk, &messages[i].message, length);
		}
		break;
	default:
		if (from_dns(sk, nr == SYS_RECVFROM ? (void *)regs->r8 : NULL))
			tell_answer((void *)regs->si, ret, regs->dx);
	}
	return 0;
}
