/** These bytes are not the DER that was asked for. The message says what was found; it never repeats the bytes. */
export class DerError extends Error {
  override readonly name = 'DerError';
}
