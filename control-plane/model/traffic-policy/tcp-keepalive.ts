import { z } from 'zod';
import { MAX_TCP_KEEPALIVE_S, TCP_KEEPALIVE_INTERVAL_S, TCP_KEEPALIVE_PROBES } from '../../../proto/tcp-keepalive.ts';
import { durationMs, durationSchema } from '../gateway-duration.ts';
import { fixed } from '../not-yet-supported.ts';

const hint = `write whole seconds from 1s to ${MAX_TCP_KEEPALIVE_S}s`;
const sent = `${TCP_KEEPALIVE_PROBES} probes are sent, ${TCP_KEEPALIVE_INTERVAL_S} s apart`;

/**
 * Connections to the backend on which no byte moves are asked for a sign of life by the operating systems, so that what lies
 * between does not forget them, and one whose other end is gone is noticed: `idleTime` and ten seconds after the last byte. Off
 * unless it is written. Envoy Gateway's fields; Node sets the time alone.
 */
export const tcpKeepaliveSchema = z.object({
  /** Default two hours, as Linux has it. */
  idleTime: durationSchema
    .refine((text) => {
      const ms = durationMs(String(text));
      return ms >= 1000 && ms <= MAX_TCP_KEEPALIVE_S * 1000 && ms % 1000 === 0;
    }, hint)
    .default('2h'),
  probes: fixed('probes', sent),
  interval: fixed('interval', sent),
});
