import { describe, expect, it } from 'vitest';
import { isOpaquePort, meantProtocol, namedProtocol, portNameProtocol } from './app-protocol.ts';

describe('namedProtocol', () => {
  it.each([
    ['http', 'http'],
    ['HTTP', 'http'],
    ['kubernetes.io/ws', 'http'],
    ['http2', 'http2'],
    ['grpc', 'http2'],
    ['kubernetes.io/h2c', 'http2'],
    ['tcp', 'tcp'],
    ['tls', 'tcp'],
    ['https', 'tcp'],
    ['kubernetes.io/wss', 'tcp'],
    ['redis', 'tcp'],
    ['postgres', 'tcp'],
    ['mongo', 'tcp'],
    ['example.com/own', null],
    ['constructor', null],
    ['', null],
  ] as const)('reads %j as %s', (name, protocol) => {
    expect(namedProtocol(name)).toBe(protocol);
  });
});

describe('portNameProtocol', () => {
  it.each([
    ['http', 'http'],
    ['http-web', 'http'],
    ['grpc-web', 'http'],
    ['grpc-web-admin', 'http'],
    ['grpc-webhook', 'http2'],
    ['grpc-orders', 'http2'],
    ['tcp-redis', 'tcp'],
    ['mysql-primary', 'tcp'],
    ['web', null],
    ['httpx', null],
    ['', null],
  ] as const)('reads %j as %s', (name, protocol) => {
    expect(portNameProtocol(name)).toBe(protocol);
  });
});

describe('isOpaquePort', () => {
  it.each([25, 53, 587, 3306, 4444, 5432, 6379, 9300, 11211, 27017])('%d is', (port) => {
    expect(isOpaquePort(port)).toBe(true);
  });

  it.each([80, 443, 8080, 9200, 50051])('%d is not', (port) => {
    expect(isOpaquePort(port)).toBe(false);
  });
});

describe('meantProtocol', () => {
  it.each([
    ['htpp', 'http'],
    ['postgers', 'postgres'],
    ['example.com/htpp', null],
    ['something', null],
  ] as const)('takes %j for %s', (name, meant) => {
    expect(meantProtocol(name)).toBe(meant);
  });
});
