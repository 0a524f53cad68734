import type { Peer } from '../peer.ts';
import type { Protocol } from '../upstream.ts';
import { upstreamPort } from '../upstream.ts';

export const directName = 'direct';

/** No proxy: what load and upstream can do by themselves, beside which every other row is to be read. */
export function direct(protocol: Protocol): Peer {
  return {
    name: directName,
    remark: null,
    warmsUp: false,
    missing: () => null,
    start: async (_stage, upstream) => ({
      port: upstreamPort(upstream, protocol),
      clientTls: null,
      hops: [],
      meshPort: null,
      collectSignal: null,
    }),
  };
}
