import { describe, expect, it } from 'vitest';
import { documentArgument } from './document-argument.ts';

describe('documentArgument', () => {
  it.each([
    [['httproute', 'cart'], 'HTTPRoute', 'cart'],
    [['httproute/cart'], 'HTTPRoute', 'cart'],
    [['HTTPRoutes'], 'HTTPRoute', null],
    [['route', 'cart'], 'HTTPRoute', 'cart'],
    [['svc'], 'Service', null],
    [['svc/'], 'Service', null],
  ])('reads %j', async (words, kind, name) => {
    expect(await documentArgument(words)).toMatchObject({ kind: { kind }, name });
  });

  it('suggests the kind that was meant, or names all', async () => {
    await expect(documentArgument(['htproutes'])).rejects.toMatchObject({ hint: 'heddle get httproutes', exitCode: 2 });
    await expect(documentArgument(['pods'])).rejects.toMatchObject({ message: expect.stringContaining('workloads') });
  });

  it.each([[['httproute/cart', 'cart']], [['a/b/c']]])('refuses %j', async (words) => {
    await expect(documentArgument(words)).rejects.toMatchObject({ exitCode: 2 });
  });
});
