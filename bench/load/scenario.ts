import type { FigureName } from './figures.ts';
import { h2load } from './loads/h2load.ts';
import { idleConnections } from './loads/idle-connections.ts';
import type { Load } from './loads/load.ts';
import { steadyRate } from './loads/steady-rate.ts';
import { tlsHandshakes } from './loads/tls-handshakes.ts';
import { wrk } from './loads/wrk.ts';
import type { Peer } from './peer.ts';
import { direct } from './peers/direct.ts';
import { envoy } from './peers/envoy.ts';
import { haproxy } from './peers/haproxy.ts';
import { heddle } from './peers/heddle.ts';
import { httpProxy } from './peers/http-proxy.ts';
import { nghttpx } from './peers/nghttpx.ts';
import { nginx } from './peers/nginx.ts';
import type { Protocol } from './upstream.ts';
import { grpcFrame, grpcPath, largeBodies, upstreamBody } from './upstream.ts';

/** One question, and everybody to whom it is put. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** What is measured: the first is what proxies are compared by, the others stand beside it. */
  readonly figures: readonly [FigureName, ...FigureName[]];
  /** What Heddle may need of the first figure, as a multiple of another's in the same run; or at most, of its own. */
  readonly target: Target | null;
  readonly protocol: Protocol;
  readonly load: Load;
  /** Before the first round, for those that warm up; null: the load itself. */
  readonly warmUp: Load | null;
  /** Whether the load runs shortly before each round, so that connections between hops are open again. */
  readonly settles: boolean;
  readonly peers: readonly Peer[];
}

export interface Target {
  readonly timesHaproxy?: number;
  readonly timesEnvoy?: number;
  readonly atMost?: number;
}

const chainSummary = 'load → outbound proxy → (mutual TLS 1.3, P-256) → inbound proxy → upstream';
const closedLoop = ['requestsPerSecond', 'p50Ms', 'p90Ms', 'p99Ms', 'rssMb'] as const;
const usual = { warmUp: null, settles: true } as const;

const small = wrk({ path: '/', bodyBytes: upstreamBody.length, connections: 64 });
const bulk = (connections: number, requests: number) =>
  h2load({ protocol: 'http1', path: '/1gb', connections, streams: 1, requests });
const grpcHeaders = ['content-type: application/grpc', 'te: trailers'];

/** What is measured when nothing is named: a minute with `--quick`. */
export const usualScenarios = ['http1-plain', 'http1-mtls'];

export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: 'http1-plain',
    summary: 'load → proxy → upstream, HTTP/1.1 in plaintext, 64 connections',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: { timesHaproxy: 1.15, timesEnvoy: 1 },
    protocol: 'http1',
    load: small,
    peers: [
      direct('http1'),
      heddle('single', 'http1'),
      haproxy('single', 'http1'),
      nginx('single', 'http1'),
      envoy('single', 'http1'),
      httpProxy,
    ],
  },
  {
    ...usual,
    name: 'http1-mtls',
    summary: `${chainSummary}, HTTP/1.1, 64 connections; CPU is the mean of the two`,
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: { timesHaproxy: 1.2, timesEnvoy: 1 },
    protocol: 'http1',
    load: small,
    peers: [heddle('chain', 'http1'), haproxy('chain', 'http1'), nginx('chain', 'http1'), envoy('chain', 'http1')],
  },
  {
    ...usual,
    name: 'http2-streams',
    summary: 'load → proxy → upstream, HTTP/2 in plaintext, 8 connections with 16 streams each',
    figures: ['cpuUsPerRequest', 'requestsPerSecond', 'rssMb'],
    target: { timesHaproxy: 1.5, timesEnvoy: 1 },
    protocol: 'http2',
    load: h2load({ protocol: 'http2', path: '/', connections: 8, streams: 16 }),
    peers: http2Peers(),
  },
  {
    ...usual,
    name: 'http2-single',
    summary: 'load → proxy → upstream, HTTP/2 in plaintext, 32 connections with one stream each',
    figures: ['cpuUsPerRequest', 'requestsPerSecond', 'rssMb'],
    target: { timesHaproxy: 1.5, timesEnvoy: 1 },
    protocol: 'http2',
    load: h2load({ protocol: 'http2', path: '/', connections: 32, streams: 1 }),
    peers: http2Peers(),
  },
  {
    ...usual,
    name: 'grpc-unary',
    summary: 'load → proxy → upstream, gRPC unary calls of 5 bytes each way, 8 connections with 16 calls each',
    figures: ['cpuUsPerRequest', 'requestsPerSecond', 'rssMb'],
    target: { timesHaproxy: 1.5, timesEnvoy: 1 },
    protocol: 'http2',
    load: h2load({
      protocol: 'http2',
      path: grpcPath,
      connections: 8,
      streams: 16,
      body: grpcFrame,
      headers: grpcHeaders,
    }),
    peers: http2Peers().filter(({ name }) => name !== 'nginx'),
  },
  {
    ...usual,
    name: 'bodies-1mb',
    summary: 'load → proxy → upstream, answers of 10⁶ bytes over HTTP/1.1 in plaintext, 16 connections',
    figures: ['cpuMsPerGb', ...closedLoop],
    target: { timesHaproxy: 1.3, timesEnvoy: 1 },
    protocol: 'http1',
    load: wrk({ path: '/1mb', bodyBytes: largeBodies['/1mb'], connections: 16 }),
    peers: bodyPeers('single'),
  },
  {
    ...usual,
    name: 'bodies-1mb-mtls',
    summary: `${chainSummary}, answers of 10⁶ bytes, 16 connections; CPU is the mean of the two`,
    figures: ['cpuMsPerGb', ...closedLoop],
    target: { timesHaproxy: 1.3, timesEnvoy: 1 },
    protocol: 'http1',
    load: wrk({ path: '/1mb', bodyBytes: largeBodies['/1mb'], connections: 16 }),
    peers: bodyPeers('chain'),
  },
  {
    name: 'bodies-1gb',
    summary: 'load → proxy → upstream, one answer of 10⁹ bytes over HTTP/1.1 in plaintext',
    figures: ['cpuMsPerGb', 'rssMb'],
    target: { timesHaproxy: 1.3, timesEnvoy: 1 },
    protocol: 'http1',
    load: bulk(1, 1),
    warmUp: null,
    settles: false,
    peers: bodyPeers('single'),
  },
  {
    ...usual,
    name: 'tls-new-connections',
    summary: 'load → (mutual TLS 1.3, P-256) → inbound proxy → upstream, a full handshake for every request',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    protocol: 'http1',
    load: tlsHandshakes(8, false),
    peers: inboundPeers(),
  },
  {
    ...usual,
    name: 'tls-resumed',
    summary: 'load → (mutual TLS 1.3, P-256) → inbound proxy → upstream, a resumed handshake for every request',
    figures: ['cpuUsPerRequest', ...closedLoop],
    target: null,
    protocol: 'http1',
    load: tlsHandshakes(8, true),
    peers: inboundPeers(),
  },
  {
    name: 'idle-connections',
    summary: '1000 more idle connections of HTTP/1.1 in plaintext each round',
    figures: ['kbPerConnection', 'rssMb'],
    target: { atMost: 16 },
    protocol: 'http1',
    load: idleConnections(1000),
    warmUp: small,
    settles: false,
    peers: [
      heddle('single', 'http1'),
      haproxy('single', 'http1'),
      nginx('single', 'http1'),
      envoy('single', 'http1'),
      httpProxy,
    ],
  },
  {
    ...usual,
    name: 'latency-1000rps',
    summary: `${chainSummary}, HTTP/1.1, 1000 requests/s in an open loop over 16 connections; what is added to none`,
    figures: ['addedP99Ms', 'addedP90Ms', 'addedP50Ms', 'cpuUsPerRequest', 'p50Ms', 'p90Ms', 'p99Ms', 'rssMb'],
    target: { timesHaproxy: 1.5, timesEnvoy: 1 },
    protocol: 'http1',
    load: steadyRate(1000, 16),
    peers: [
      direct('http1'),
      heddle('chain', 'http1'),
      haproxy('chain', 'http1'),
      nginx('chain', 'http1'),
      envoy('chain', 'http1'),
    ],
  },
];

function http2Peers(): Peer[] {
  return [
    direct('http2'),
    heddle('single', 'http2'),
    haproxy('single', 'http2'),
    nghttpx,
    nginx('single', 'http2'),
    envoy('single', 'http2'),
  ];
}

function bodyPeers(place: 'single' | 'chain'): Peer[] {
  return [heddle(place, 'http1'), haproxy(place, 'http1'), nginx(place, 'http1'), envoy(place, 'http1')];
}

function inboundPeers(): Peer[] {
  return [
    heddle('inbound', 'http1'),
    haproxy('inbound', 'http1'),
    nginx('inbound', 'http1'),
    envoy('inbound', 'http1'),
  ];
}
