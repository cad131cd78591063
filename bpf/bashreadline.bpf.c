// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines that people type at a shell: the results of its readline. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"

#define LINE_MAX 4096

struct line_event {
	struct who who;
	struct text line;
	__u8 truncated;
	__u8 _pad[3];
};

TASK_TEXT_RECORD(line_event, LINE_MAX)

SEC("uretprobe")
int returned(struct pt_regs *regs)
{
	const char *line = (const char *)regs->ax;
	struct line_event_record *record;
	long length;

	/* At the end of the input there is no line. */
	if (!line || drop_current())
		return 0;
	record = new_record();
	if (!record)
		return 0;
	length = bpf_probe_read_user_str(record->tail, LINE_MAX, line);
	if (length <= 0)
		return 0;
	fill_who(&record->event.who);
	record->event.line.offset = sizeof(record->event);
	record->event.line.length = length - 1;
	record->event.truncated = length == LINE_MAX;
	emit_text(record, sizeof(record->event) + length - 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
