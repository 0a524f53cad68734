/**
 * A 64-bit hash as two unsigned halves: numbers that are no BigInt, so that none is allocated for a request. One object
 * belongs to one exchange and is written again for each request.
 */
export class HashKey {
  high = 0;
  low = 0;

  /** Remainder of the whole hash, unsigned. `divisor` is at most 2^26. */
  modulo(divisor: number): number {
    // (high mod m) * (2^32 mod m) stays below 2^52, and so exact
    return ((this.high % divisor) * (4_294_967_296 % divisor) + this.low) % divisor;
  }

  /** Joins another hash to this one, in Envoy's way: rotated left by one, exclusive or. */
  join(other: HashKey): void {
    const { high, low } = this;
    this.high = (((high << 1) | (low >>> 31)) ^ other.high) >>> 0;
    this.low = (((low << 1) | (high >>> 31)) ^ other.low) >>> 0;
  }
}
