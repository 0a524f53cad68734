import { everyEndpoint, manyEndpoints } from './features/balancing.ts';
import { featureScenarios } from './features/scenarios.ts';
import { h2load } from './loads/h2load.ts';
import { idleConnections } from './loads/idle-connections.ts';
import { steadyRate } from './loads/steady-rate.ts';
import { tlsHandshakes } from './loads/tls-handshakes.ts';
import { unaryCalls } from './loads/unary-calls.ts';
import { wrk } from './loads/wrk.ts';
import type { Peer, Place } from './peer.ts';
import { direct } from './peers/direct.ts';
import { envoy } from './peers/envoy.ts';
import { haproxy } from './peers/haproxy.ts';
import { heddle, ownBuild } from './peers/heddle.ts';
import { httpProxy } from './peers/http-proxy.ts';
import { nghttpx } from './peers/nghttpx.ts';
import { nginx } from './peers/nginx.ts';
import type { Scenario } from './scenario.ts';
import { closedLoop, usual } from './scenario.ts';
import { grpcPath, largeBodies, uploadPath, upstreamBody } from './upstream.ts';

const chainSummary = 'load → outbound proxy → (mutual TLS 1.3, P-256) → inbound proxy → upstream';
const usualHttp2 = {
  ...usual,
  figures: ['cpuUsPerRequest', 'requestsPerSecond', 'rssMb'],
  target: { timesHaproxy: 1.5, timesEnvoy: 1 },
  protocol: 'http2',
} as const;
const usualBodies = {
  ...usual,
  figures: ['cpuMsPerGb', ...closedLoop],
  target: { timesHaproxy: 1.3, timesEnvoy: 1 },
} as const;

const small = wrk({ path: '/', bodyBytes: upstreamBody.length, connections: 64 });
const megabytes = wrk({ path: '/1mb', bodyBytes: largeBodies['/1mb'], connections: 16 });
const streams8x16 = h2load({ protocol: 'http2', path: '/', connections: 8, streams: 16 });

/** What is measured when nothing is named: a minute with `--quick`. */
export const usualScenarios = ['http1-plain', 'http1-mtls'];

export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: 'http1-plain',
    summary: 'load → proxy → upstream, HTTP/1.1 in plaintext, 64 connections',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: { timesHaproxy: 1.15, timesEnvoy: 1 },
    load: small,
    peers: [direct('http1'), ...proxies('single', 'http1'), httpProxy],
  },
  {
    ...usual,
    name: 'http1-mtls',
    summary: `${chainSummary}, HTTP/1.1, 64 connections; CPU is the mean of the two`,
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: { timesHaproxy: 1.2, timesEnvoy: 1 },
    load: small,
    peers: proxies('chain', 'http1'),
  },
  ...featureScenarios,
  {
    ...usual,
    name: 'endpoints-5000',
    summary: 'as http1-plain, with 5000 endpoints that requests are spread over, and connections to all of them',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    upstreamAddresses: manyEndpoints,
    load: small,
    isOnRequest: true,
    peers: [
      heddle('single', 'http1', 1, ownBuild, everyEndpoint),
      haproxy('single', 'http1'),
      envoy('single', 'http1'),
    ],
  },
  {
    ...usual,
    name: 'http1-workers',
    summary:
      'as http1-plain, every proxy with two workers or threads, nobody with a core to itself; CPU is that of all',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    isPinned: false,
    load: small,
    peers: [direct('http1'), ...proxies('single', 'http1', 2)],
  },
  {
    ...usualHttp2,
    name: 'http2-streams',
    summary: 'load → proxy → upstream, HTTP/2 in plaintext, 8 connections with 16 streams each',
    load: streams8x16,
    peers: [direct('http2'), ...proxies('single', 'http2'), nghttpx],
  },
  {
    ...usualHttp2,
    name: 'http2-single',
    summary: 'load → proxy → upstream, HTTP/2 in plaintext, 32 connections with one stream each',
    load: h2load({ protocol: 'http2', path: '/', connections: 32, streams: 1 }),
    peers: [direct('http2'), ...proxies('single', 'http2'), nghttpx],
  },
  {
    ...usualHttp2,
    name: 'http2-mtls',
    summary: `${chainSummary}, HTTP/2, 8 connections with 16 streams each; CPU is the mean of the two`,
    load: streams8x16,
    peers: proxies('chain', 'http2'),
  },
  {
    ...usualHttp2,
    name: 'grpc-unary',
    summary: 'load → proxy → upstream, gRPC unary calls of 5 bytes each way, 8 connections with 16 calls each',
    load: unaryCalls(grpcPath),
    peers: [direct('http2'), ...withoutNginx(proxies('single', 'http2')), nghttpx],
  },
  {
    ...usualBodies,
    name: 'bodies-1mb',
    summary: 'load → proxy → upstream, answers of 10⁶ bytes over HTTP/1.1 in plaintext, 16 connections',
    load: megabytes,
    peers: proxies('single', 'http1'),
  },
  {
    ...usualBodies,
    name: 'bodies-1mb-mtls',
    summary: `${chainSummary}, answers of 10⁶ bytes, 16 connections; CPU is the mean of the two`,
    load: megabytes,
    peers: proxies('chain', 'http1'),
  },
  {
    ...usualBodies,
    name: 'bodies-1gb',
    summary: 'load → proxy → upstream, one answer of 10⁹ bytes over HTTP/1.1 in plaintext',
    figures: ['cpuMsPerGb', 'rssMb'],
    load: h2load({ protocol: 'http1', path: '/1gb', connections: 1, streams: 1, requests: 1 }),
    settles: false,
    peers: proxies('single', 'http1'),
  },
  {
    ...usualBodies,
    name: 'uploads-1mb',
    summary: 'load → proxy → upstream, requests with bodies of 10⁶ bytes over HTTP/1.1 in plaintext, 16 connections',
    load: wrk({ path: uploadPath, bodyBytes: upstreamBody.length, connections: 16, uploadBytes: 1_000_000 }),
    peers: proxies('single', 'http1'),
  },
  {
    ...usualBodies,
    name: 'tcp-1mb',
    summary: 'load → proxy → upstream, 10⁶ bytes at a time over 16 connections of plain TCP',
    protocol: 'tcp',
    load: megabytes,
    peers: [direct('tcp'), heddle('single', 'tcp'), haproxy('single', 'tcp'), envoy('single', 'tcp')],
  },
  {
    ...usual,
    name: 'tls-new-connections',
    summary: 'load → (mutual TLS 1.3, P-256) → inbound proxy → upstream, a full handshake for every request',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    load: tlsHandshakes(8, false),
    peers: proxies('inbound', 'http1'),
  },
  {
    ...usual,
    name: 'tls-resumed',
    summary: 'load → (mutual TLS 1.3, P-256) → inbound proxy → upstream, a resumed handshake for every request',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    load: tlsHandshakes(8, true),
    peers: proxies('inbound', 'http1'),
  },
  {
    ...usual,
    name: 'idle-connections',
    summary: '1000 more idle connections of HTTP/1.1 in plaintext each round',
    figures: ['kbPerConnection', 'rssMb'],
    target: { atMost: 16 },
    load: idleConnections(1000),
    warmUp: small,
    settles: false,
    peers: [...proxies('single', 'http1'), httpProxy],
  },
  {
    ...usual,
    name: 'latency-1000rps',
    summary: `${chainSummary}, HTTP/1.1, 1000 requests/s in an open loop over 16 connections; what is added to none`,
    figures: ['addedP99Ms', 'addedP90Ms', 'addedP50Ms', 'cpuUsPerRequest', 'p50Ms', 'p90Ms', 'p99Ms', 'rssMb'],
    target: { timesHaproxy: 1.5, timesEnvoy: 1 },
    load: steadyRate(1000, 16),
    peers: [direct('http1'), ...proxies('chain', 'http1')],
  },
];

/** Those that have every place, Heddle first. */
function proxies(place: Place, protocol: 'http1' | 'http2', workers = 1): Peer[] {
  return [heddle, haproxy, nginx, envoy].map((proxy) => proxy(place, protocol, workers));
}

/** It speaks no HTTP/2 to upstreams, so nothing of gRPC. */
function withoutNginx(peers: readonly Peer[]): Peer[] {
  return peers.filter(({ name }) => name !== 'nginx');
}
