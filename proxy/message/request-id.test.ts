import { expect, it } from 'vitest';
import { newRequestId } from './request-id.ts';

it('makes UUIDs of version 4, each only once, over many batches', () => {
  const ids = Array.from({ length: 2000 }, newRequestId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it('leaves every other bit to chance', () => {
  const ids = Array.from({ length: 1000 }, newRequestId);
  for (let place = 0; place < 36; place++) {
    const digits = new Set(ids.map((id) => id[place]));
    expect(digits.size, `digit ${place}`).toBe([8, 13, 18, 23, 14].includes(place) ? 1 : place === 19 ? 4 : 16);
  }
});
