import type { Peer } from '../peer.ts';

/** No proxy: what load and upstream can do by themselves, beside which every other row is to be read. */
export const direct: Peer = {
  name: 'direct',
  warmsUp: false,
  missing: () => null,
  start: async (_stage, upstreamPort) => ({ port: upstreamPort, hops: [], meshPort: null }),
};
