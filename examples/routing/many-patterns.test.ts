import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let outbound: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_, response) => response.end('cart'));
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }] });
  outbound = await freePort();
  await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound });
  // three documents of 512 patterns, where a port has room for 1 000
  await applyText(mesh, ['a', 'b', 'c'].map((name) => route(name)).join('---\n'));
  await vi.waitUntil(async () => (await call('a', 0)) === 200, { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

/** 128 matches with a pattern for each header. */
function route(name: string, headers = 4): string {
  const rule = (first: number) => ({
    matches: Array.from({ length: 64 }, (_, index) => ({
      headers: Array.from({ length: headers }, (_, header) => ({
        type: 'RegularExpression',
        name: `x-${header}`,
        value: `${name}-${first + index}-${header}[a-z]*`,
      })),
    })),
    backendRefs: [{ name: 'cart', port: 80 }],
  });
  return `${JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'default' },
    spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule(0), rule(64)] },
  })}\n`;
}

/** The answer to what one match of a document asks for. */
async function call(name: string, match: number): Promise<number> {
  const own = Object.fromEntries([0, 1, 2, 3].map((header) => [`x-${header}`, `${name}-${match}-${header}abc`]));
  const answer = await request(`http://127.0.0.1:${outbound}/`, { headers: { host: 'cart', ...own } });
  await answer.body.dump();
  return answer.statusCode;
}

async function conditions(name: string): Promise<readonly { type: string; status: string; message: string }[]> {
  const document = await mesh.api.get(kindOf('httproute'), 'default', name);
  const { status } = document as { status?: { parents?: { conditions: never[] }[] } };
  return status?.parents?.[0]?.conditions ?? [];
}

function kindOf(name: string) {
  const kind = kindNamed(name);
  if (kind === null) throw new Error(`no kind ${name}`);
  return kind;
}

describe('more patterns than a sidecar compiles for one port', () => {
  it('leave the first ones in precedence in force', async () => {
    expect(await call('a', 127)).toBe(200);
    expect(await call('b', 121)).toBe(200);
    expect(await call('b', 122)).toBe(404);
    expect(await call('c', 0)).toBe(404);
  });

  it('are told in the status of the documents whose matches have no effect', async () => {
    const resolved = async (name: string) => (await conditions(name)).find(({ type }) => type === 'ResolvedRefs');
    expect(await resolved('a')).toMatchObject({ status: 'True' });
    const { status, message } = (await resolved('b')) ?? {};
    expect(status).toBe('False');
    expect(message).toContain('6 of the 64 matches have no effect on port 80 of Service default/cart');
    expect((await resolved('c'))?.message).toContain('room for at most 1000 different patterns');
  });

  it('are refused in one document, as is one that fits no text of a request', async () => {
    const refused = (text: string) => mesh.api.apply(kindOf('httproute'), JSON.parse(text) as ModelDocument);
    await expect(refused(route('d', 9))).rejects.toThrow(
      /matches\[47\]\.headers\[1\]\.value: the pattern is one too many: one HTTPRoute has at most 1000 different patterns/,
    );
    await expect(refused(route('d').replace('d-0-0[a-z]*', '\\\\pL+'))).rejects.toThrow(
      /headers\[0\]\.value: the pattern asks for characters beyond one byte.*such as \[A-Za-z\] for/,
    );
    expect(await call('a', 0)).toBe(200);
  });
});
