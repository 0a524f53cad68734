import { grpcFrame } from '../upstream.ts';
import { h2load } from './h2load.ts';
import type { Load } from './load.ts';

/** Unary gRPC calls of five bytes each way: 8 connections with 16 calls each. */
export function unaryCalls(path: string): Load {
  return h2load({
    protocol: 'http2',
    path,
    connections: 8,
    streams: 16,
    body: grpcFrame,
    headers: ['content-type: application/grpc', 'te: trailers'],
    answerBytes: grpcFrame.length,
  });
}
