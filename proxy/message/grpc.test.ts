import { describe, expect, it } from 'vitest';
import type { Failure } from '../failure.ts';
import { grpcMessage, grpcStatusIn, grpcStatusOf, grpcTimeoutMs, httpStatusOf } from './grpc.ts';

describe('grpcStatusIn', () => {
  it.each([
    ['grpc-status: 0\r\n', 0],
    ['content-type: application/grpc\r\ngrpc-status: 14\r\n', 14],
    ['grpc-status: 17\r\n', 2],
    ['grpc-status: many\r\n', 2],
    ['content-type: application/grpc\r\n', -1],
    ['', -1],
  ])('reads %j as %i', (block, status) => {
    expect(grpcStatusIn(block)).toBe(status);
  });
});

describe('grpcTimeoutMs', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['250m', 250],
    ['1500u', 2],
    ['1n', 1],
    ['99999999S', 99_999_999_000],
    ['100000000S', 0],
    ['1', 0],
    ['-1S', 0],
    ['1 S', 0],
  ])('reads %j as %i ms', (value, ms) => {
    expect(grpcTimeoutMs(`te: trailers\r\ngrpc-timeout: ${value}\r\n`)).toBe(ms);
  });

  it('is 0 where nothing is said', () => {
    expect(grpcTimeoutMs('te: trailers\r\n')).toBe(0);
  });
});

describe('grpcStatusOf', () => {
  it.each([
    ['noHealthyUpstream', 14],
    ['connectFailure', 14],
    ['requestTimeout', 4],
    ['perTryTimeout', 4],
    ['noRoute', 12],
    ['forbiddenDestination', 7],
    ['badRequest', 13],
    ['internal', 2],
  ] satisfies [Failure, number][])('says of %s %i', (failure, status) => {
    expect(grpcStatusOf(failure)).toBe(status);
  });
});

describe('httpStatusOf', () => {
  it.each([
    [0, 200],
    [1, 499],
    [2, 500],
    [4, 504],
    [8, 429],
    [12, 404],
    [13, 500],
    [14, 503],
    [15, 500],
    [16, 401],
  ])('judges a call that ended with %i by %i', (grpcStatus, status) => {
    expect(httpStatusOf(grpcStatus)).toBe(status);
  });
});

describe('grpcMessage', () => {
  it('leaves visible ASCII and encodes the rest', () => {
    expect(grpcMessage('No instance: 100% gone, señor\r\n')).toBe('No instance: 100%25 gone, se%C3%B1or%0D%0A');
  });
});
