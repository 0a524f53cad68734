import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../../control-plane/api/client.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { applyOne, deleteOne } from './apply-one.ts';
import { noSplit, splitDocument } from './split-document.ts';

const document = splitDocument('cart', 'default', 80, [{ headers: [], shares: noSplit }], null);
const read = { kind: 'HTTPRoute', metadata: { name: 'cart', namespace: 'default', resourceVersion: '7' } };
const before = read as unknown as ModelDocument;

/** A control plane that takes everything, and tells in which way it was asked to. */
class WillingClient {
  readonly asked: unknown[] = [];

  async create(_kind: unknown, { metadata }: ModelDocument) {
    return this.#written('create', metadata.resourceVersion);
  }

  async put(_kind: unknown, { metadata }: ModelDocument) {
    return this.#written('put', metadata.resourceVersion);
  }

  async delete(
    _kind: unknown,
    namespace: string | null,
    name: string,
    { resourceVersion }: { resourceVersion?: string },
  ) {
    this.asked.push(['delete', namespace, name, resourceVersion]);
    return { resourceVersion: '8' };
  }

  async convergence(revision: string) {
    const [affected, inForce] = [0, 0];
    return { revision: Number(revision), translated: true, affected, inForce, pending: [], rejected: [], slowestMs: 0 };
  }

  #written(how: string, version: string | undefined) {
    this.asked.push([how, version]);
    return {
      document: { ...read, metadata: { ...read.metadata, resourceVersion: '8' } },
      change: 'replaced',
      warnings: [],
    };
  }
}

const played = () => {
  const willing = new WillingClient();
  return { asked: willing.asked, client: willing as unknown as ApiClient };
};

describe('applyOne', () => {
  it('writes only where nothing was written since its document was made', async () => {
    const { asked, client } = played();
    expect(await applyOne(client, document, null, () => {})).toMatchObject({ undo: 'heddle undo 8' });
    await applyOne(client, document, before, () => {});
    expect(asked).toEqual([
      ['create', undefined],
      ['put', '7'],
    ]);
  });
});

describe('deleteOne', () => {
  it('takes away only what was read', async () => {
    const { asked, client } = played();
    expect(await deleteOne(client, before, () => {})).toMatchObject({ undo: 'heddle undo 8' });
    expect(asked).toEqual([['delete', 'default', 'cart', '7']]);
  });
});
