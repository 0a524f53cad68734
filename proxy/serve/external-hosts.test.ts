import { describe, expect, it } from 'vitest';
import { ExternalHosts } from './external-hosts.ts';

describe('ExternalHosts', () => {
  const hosts = new ExternalHosts([
    'api.example.com:80',
    'api.example.com:8080',
    '*.example.com:80',
    '*.a.example.com:80',
  ]);

  it.each([
    ['api.example.com', 'api.example.com:80'],
    ['API.Example.com.', 'api.example.com:80'],
    ['api.example.com:8080', 'api.example.com:8080'],
    ['www.example.com', '*.example.com:80'],
    ['x.y.example.com:80', '*.example.com:80'],
    ['x.a.example.com', '*.a.example.com:80'],
    ['a.example.com', '*.example.com:80'],
    ['example.com', null],
    ['www.example.com:81', null],
    ['notexample.com', null],
    ['192.0.2.1', null],
    ['[::1]:80', null],
    ['', null],
    ['.', null],
  ])('has of %s the routes of %s', (authority, name) => {
    expect(hosts.find(authority)).toBe(name);
  });
});
