import { describe, expect, it } from 'vitest';
import { findProgram, firstVersion, programVersion } from './program.ts';

describe('findProgram', () => {
  it('finds what is there and nothing else', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program')).toBeNull();
    expect(findProgram(process.execPath)).toBe(process.execPath);
    expect(findProgram('/no/such/program')).toBeNull();
  });
});

describe('firstVersion', () => {
  it.each([
    ['HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/', '2.6.12'],
    ['nginx version: nginx/1.22.1\n', '1.22.1'],
    ['wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer', '4.1.0'],
    ['usage: 3 things', null],
  ])('of %s', (text, version) => {
    expect(firstVersion(text)).toBe(version);
  });
});

describe('programVersion', () => {
  it('is null for a program that is not there', async () => {
    expect(await programVersion('no-such-program', '-v')).toBeNull();
  });
});
