import { describe, expect, it } from 'vitest';
import { effectiveBandwidthLimit, kibibytesPerSecond } from './bandwidth-limit.ts';

const limit = (value: string | number, unit: 'Second' | 'Minute' | 'Hour' = 'Second') => ({ value, unit });

describe('kibibytesPerSecond', () => {
  it.each([
    [limit('1Ki'), 1],
    [limit('10Mi'), 10_240],
    [limit(2048), 2],
    [limit('2047'), 1],
    [limit('10M'), 9765],
    [limit('60Ki', 'Minute'), 1],
    [limit('1Gi', 'Hour'), 291],
    [limit('3Ti', 'Hour'), 894_784],
    [limit('1023'), 0],
    [limit('59Ki', 'Minute'), 0],
    [limit('1MB'), 0],
  ])('reads %j', (written, kbps) => {
    expect(kibibytesPerSecond(written)).toBe(kbps);
  });
});

describe('effectiveBandwidthLimit', () => {
  it('is none when nobody says anything', () => {
    expect(effectiveBandwidthLimit([undefined])).toEqual({ requestKbps: 0, responseKbps: 0, trailerPrefix: null });
  });

  it('takes each direction from the most specific layer that has it', () => {
    const layers = [
      { response: { limit: limit('1Mi') } },
      { request: { limit: limit('2Mi') }, response: { limit: limit('3Mi'), responseTrailers: { prefix: 'x-a' } } },
    ];
    expect(effectiveBandwidthLimit(layers)).toEqual({ requestKbps: 2048, responseKbps: 1024, trailerPrefix: null });
  });

  it('has trailers without a prefix where none is written', () => {
    const layers = [{ response: { limit: limit('1Mi'), responseTrailers: {} } }];
    expect(effectiveBandwidthLimit(layers)).toMatchObject({ trailerPrefix: '' });
  });
});
