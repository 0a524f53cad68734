/**
 * What a sidecar builds at most for consistent hashing. A table is built anew whenever an endpoint comes, goes, or is
 * ejected, in the thread that carries the requests of all services: step by step, but the first one of a cluster at once.
 * These take it some 65 and 150 ms. Envoy's bounds, 8 388 608 points and 5 000 011 places, take 4.7 and 1.3 s, in which the
 * owner of one service would stop every caller of it.
 *
 * A control plane of others may ask for more, and is given this.
 */
export const maxRingPoints = 131_072;
/** The largest table of Eisenbud et al. 2016, "Maglev", section 5.3; a prime number. */
export const maxMaglevPlaces = 655_373;

/** Where nobody says how many: Envoy `RingHash.minimum_ring_size`. */
export const defaultRingPoints = 1_024;
/** Where nobody says how many, a prime number: Envoy `Maglev.table_size`. */
export const defaultMaglevPlaces = 65_537;
