/** The part of a gRPC stream that this needs. */
interface WritableCall<Message> {
  write(message: Message): boolean;
  pause(): unknown;
  resume(): unknown;
  once(event: 'drain', listener: () => void): unknown;
}

/**
 * Writes to a stream, and stops reading from it while the other side does not take what is written: who asks without
 * reading the answers waits, and fills no buffer of ours.
 */
export function writePaced<Message>(call: WritableCall<Message>, message: Message): void {
  if (!call.write(message)) {
    call.pause();
    call.once('drain', () => call.resume());
  }
}
