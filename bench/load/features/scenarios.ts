import { unaryCalls } from '../loads/unary-calls.ts';
import { wrk } from '../loads/wrk.ts';
import type { Place } from '../peer.ts';
import { heddle, ownBuild } from '../peers/heddle.ts';
import type { Scenario } from '../scenario.ts';
import { closedLoop, usual } from '../scenario.ts';
import type { Protocol } from '../upstream.ts';
import { grpcMethodPath, largeBodies, upstreamBody } from '../upstream.ts';
import { balancing, hashedCookie, hashedQuery, hashing, hashingTcp, hashKeys, manyEndpoints } from './balancing.ts';
import type { Feature } from './feature.ts';
import { named } from './feature.ts';
import { grpc } from './grpc.ts';
import { healthAndBreaking } from './health-and-breaking.ts';
import { limits, limitsOfBodies } from './limits.ts';
import { outside } from './outside.ts';
import { retries } from './retries.ts';
import { cors, crossOrigin, routes } from './routes.ts';

const request = { path: '/', bodyBytes: upstreamBody.length, connections: 64 };

/** Heddle beside itself, with one feature at a time. Nothing fails here: what is measured is a feature that has nothing to do. */
export const featureScenarios: readonly Scenario[] = [
  ofFeatures('features-balancing', 'single', 'http1', balancing),
  { ...ofFeatures('features-endpoints', 'single', 'http1', hashing), upstreamAddresses: manyEndpoints },
  ofFeatures('features-health', 'single', 'http1', healthAndBreaking),
  ofFeatures('features-retries', 'single', 'http1', retries),
  ofFeatures('features-routes', 'single', 'http1', routes),
  {
    ...ofFeatures('features-hash-keys', 'single', 'http1', hashKeys),
    summary: 'as http1-plain, with a query and a cookie in each request, and one thing at a time to hash by',
    load: wrk({ ...request, path: `/?${hashedQuery}`, headers: [hashedCookie] }),
  },
  {
    ...ofFeatures('features-cors', 'single', 'http1', cors),
    summary: 'as http1-plain, with an Origin in each request, and one CORS policy at a time',
    load: wrk({ ...request, headers: [crossOrigin] }),
  },
  {
    ...ofFeatures('features-grpc', 'single', 'http2', grpc),
    summary: 'as grpc-unary, with one feature at a time',
    figures: ['cpuUsPerRequest', 'requestsPerSecond', 'rssMb'],
    callPath: grpcMethodPath,
    load: unaryCalls(grpcMethodPath),
  },
  ofFeatures('features-outside', 'single', 'http1', outside),
  {
    ...ofFeatures('features-tcp', 'single', 'tcp', hashingTcp),
    summary:
      'load → proxy → upstream, plain TCP, a connection for every request, 64 at a time, with one feature at a time',
    load: wrk({ ...request, closes: true }),
  },
  ofFeatures('features-limits', 'chain', 'http1', limits),
  {
    ...ofFeatures('features-bodies', 'chain', 'http1', limitsOfBodies),
    summary: 'as bodies-1mb-mtls, with one feature of the callee at a time',
    figures: ['cpuMsPerGb', ...closedLoop],
    load: wrk({ path: '/1mb', bodyBytes: largeBodies['/1mb'], connections: 16 }),
  },
];

function ofFeatures(name: string, place: Place, protocol: Protocol, features: readonly Feature[]): Scenario {
  const like =
    place === 'single'
      ? 'http1-plain, with one feature at a time'
      : 'http1-mtls, with one feature of the callee at a time';
  return {
    ...usual,
    name,
    summary: `as ${like}`,
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    protocol,
    load: wrk(request),
    // There are many of them, and connections in plaintext, which nginx keeps for 75 s, are soon open again.
    settles: place === 'chain',
    comparesToFirst: true,
    isOnRequest: true,
    peers: [
      heddle(place, protocol),
      ...features.map((feature) => heddle(place, protocol, 1, named(ownBuild, feature), feature)),
    ],
  };
}
