import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, findEnvoy } from './envoy-binary.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (path: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
};

describe('findEnvoy', () => {
  it('believes the environment, and does not look on where that is wrong', () => {
    const named = place(join(folder, 'named'));
    expect(findEnvoy({ HEDDLE_BENCH_ENVOY: named, XDG_CACHE_HOME: folder })).toBe(named);
    place(join(cacheFolder({ XDG_CACHE_HOME: folder }), 'envoy', '_bin', 'envoy'));
    expect(findEnvoy({ HEDDLE_BENCH_ENVOY: join(folder, 'not-there'), XDG_CACHE_HOME: folder })).toBeNull();
  });

  it('finds what was installed into the cache, and nothing where nothing is', () => {
    // A machine may have an Envoy on its PATH: that one comes first.
    const elsewhere = findEnvoy({ XDG_CACHE_HOME: folder });
    const cached = place(join(cacheFolder({ XDG_CACHE_HOME: folder }), 'envoy', '_bin', 'envoy'));
    expect(findEnvoy({ XDG_CACHE_HOME: folder })).toBe(elsewhere ?? cached);
  });
});
