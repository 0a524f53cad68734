import { describe, expect, it } from 'vitest';
import { formatBackendPaths, parseBackendPaths } from './backend-paths-metadata.ts';
import { messageType } from './load.ts';
import { toStruct } from './struct.ts';

const metadata = (filter_metadata: ReturnType<typeof formatBackendPaths>) => {
  const type = messageType('envoy.config.core.v3.Metadata');
  return type.decode(type.encode({ filter_metadata }));
};

describe('parseBackendPaths', () => {
  it('reads what formatBackendPaths has written', () => {
    const paths = [{ full: '/a' }, null, { prefix: '/b/' }, { prefix: '' }];
    expect(parseBackendPaths(metadata(formatBackendPaths(paths)))).toEqual(paths);
  });

  it.each([
    [null, []],
    [{ paths: '/a' }, []],
    [
      { paths: ['/a', 1, null, [], {}, { full: 1 }, { prefix: null }, { full: '/a' }] },
      [...Array(7).fill(null), { full: '/a' }],
    ],
  ])('takes %j for %j', (said, paths) => {
    const written = said === null ? null : metadata({ 'heddle.backend_paths': toStruct(said) });
    expect(parseBackendPaths(written)).toEqual(paths);
  });
});
