import { type Attachment, attachments } from "@rxbpf/core";
export class StreamRates {
  table(): string {
    return (
      attachments()
        .map((a: Attachment) => `${a.id} ${a.info.name} ${a.events} ${a.lost}`)
        .join("\n") || "Nothing is attached"
    );
  }
}
