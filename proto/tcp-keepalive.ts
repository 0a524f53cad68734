/**
 * What Node sets beside the time without a byte, and nobody can choose: probes until a connection is given up, and seconds between
 * them. Source: libuv 1.46, `uv__tcp_keepalive`.
 */
export const TCP_KEEPALIVE_PROBES = 10;
export const TCP_KEEPALIVE_INTERVAL_S = 1;

/** Longest time without a byte that Linux takes (`MAX_TCP_KEEPIDLE`). */
export const MAX_TCP_KEEPALIVE_S = 32_767;
