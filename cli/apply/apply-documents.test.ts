import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import type { Destination, Remark } from './apply-documents.ts';
import { applyDocuments } from './apply-documents.ts';

const route = (name: string, weight = 'weight: 10') => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - group: ""
      kind: Service
      name: ${name}
  rules:
    - backendRefs:
        - name: ${name}-v1
          port: 80
          ${weight}
`;

/** A control plane that has the remarks it is given, and notes what it is told. */
function scripted(remarks: Readonly<Record<string, readonly Remark[]>> = {}) {
  const checked: string[] = [];
  const written: string[] = [];
  const destination: Destination = {
    check: async ({ metadata }: ModelDocument) => {
      checked.push(metadata.name);
      return { outcome: 'replaced', remarks: remarks[metadata.name] ?? [] };
    },
    write: async ({ metadata }) => {
      written.push(metadata.name);
      return { outcome: 'created', revision: String(40 + written.length) };
    },
  };
  return { checked, written, destination };
}

async function apply(text: string, plane = scripted(), dryRun = false) {
  const said: string[] = [];
  const inputs = [{ fileName: 'routes.yaml', text }];
  const result = applyDocuments(inputs, plane.destination, { dryRun }, (line) => said.push(line));
  const error: unknown = await result.then(
    () => null,
    (cause: unknown) => cause,
  );
  return { said, error, applied: error === null ? await result : [] };
}

describe('applyDocuments', () => {
  it('writes every document, and says what became of each', async () => {
    const plane = scripted();
    const { applied, said } = await apply(`${route('cart')}---\n${route('db')}`, plane);
    expect(applied.map(({ document, outcome, revision }) => [document.metadata.name, outcome, revision])).toEqual([
      ['cart', 'created', '41'],
      ['db', 'created', '42'],
    ]);
    expect(said).toEqual([]);
  });

  it('writes nothing in a dry run, and says what would become of each', async () => {
    const plane = scripted();
    const { applied } = await apply(route('cart'), plane, true);
    expect(applied).toMatchObject([{ outcome: 'replaced', revision: null }]);
    expect(plane.written).toEqual([]);
  });

  it('reports every fault with its place, and asks nobody when the files are faulty already', async () => {
    const plane = scripted();
    const { said, error } = await apply(`${route('cart', 'wieght: 10')}---\n${route('db', 'weight: many')}`, plane);
    expect(error).toMatchObject({ message: '2 faults. Nothing was applied.', exitCode: 1 });
    expect(said).toEqual([
      expect.stringMatching(/^routes\.yaml:14:11 {2}error {2}unknown field wieght; did you mean weight\?/),
      '  14 |           wieght: 10',
      '     |           ^',
      expect.stringMatching(/^routes\.yaml:29:19 {2}error/),
      '  29 |           weight: many',
      '     |                   ^',
    ]);
    expect(plane.checked).toEqual([]);
  });

  it('writes none when the control plane finds a fault in one, and shows that one’s place too', async () => {
    const remark = {
      field: 'spec.rules[0].backendRefs[0].name',
      message: 'no such service',
      severity: 'error',
    } as const;
    const plane = scripted({ db: [remark] });
    const { said, error } = await apply(`${route('cart')}---\n${route('db')}`, plane);
    expect(error).toMatchObject({ message: '1 fault. Nothing was applied.' });
    expect(said[0]).toContain('routes.yaml:27:17  error  no such service');
    expect(plane.written).toEqual([]);
  });

  it('shows warnings and applies all the same', async () => {
    const remark = { field: 'spec.rules[0]', message: 'no endpoint yet', severity: 'warning' } as const;
    const plane = scripted({ cart: [remark] });
    const { said } = await apply(route('cart'), plane);
    expect(said[0]).toContain('warning  no endpoint yet');
    expect(plane.written).toEqual(['cart']);
  });

  it('asks again when several are written, for one may be what another one needs, or contradict it', async () => {
    const remark = { field: 'spec.rules[0]', message: 'there is no db', severity: 'warning' } as const;
    const plane = scripted();
    const check = async ({ metadata: { name } }: ModelDocument) => {
      const others = plane.written.filter((written) => written !== name);
      const contradicts = { ...remark, message: `contradicts ${others}` };
      return { outcome: 'replaced' as const, remarks: others.length === 0 ? [remark] : [contradicts] };
    };
    const destination = { ...plane.destination, check };
    const { said } = await apply(`${route('cart')}---\n${route('db')}`, { ...plane, destination });
    expect(said.filter((line) => line.includes('warning'))).toEqual([
      'routes.yaml:11:7  warning  contradicts db  (spec.rules[0])',
      'routes.yaml:26:7  warning  contradicts cart  (spec.rules[0])',
    ]);
  });

  it('tells each document as soon as it is written, for the next one may fail', async () => {
    const told: string[] = [];
    const plane = scripted();
    const write = async (document: ModelDocument) => {
      if (document.metadata.name === 'db') throw new Error('gone');
      return plane.destination.write(document);
    };
    const inputs = [{ fileName: 'routes.yaml', text: `${route('cart')}---\n${route('db')}` }];
    const onApplied = (one: { readonly document: ModelDocument }) => told.push(one.document.metadata.name);
    const result = applyDocuments(inputs, { ...plane.destination, write }, { dryRun: false, onApplied }, () => {});
    await expect(result).rejects.toThrow('gone');
    expect(told).toEqual(['cart']);
  });

  it('has exit code 3 for a file without documents', async () => {
    expect((await apply('# nothing yet\n')).error).toMatchObject({ exitCode: 3 });
  });

  it('tells a file without documents from one whose documents are not for the mesh', async () => {
    const { error: empty } = await apply('# nothing\n');
    expect(empty).toMatchObject({ message: 'no document in routes.yaml', hint: 'a file with apiVersion and kind' });
    const { error: foreign, said } = await apply('apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: cart }\n');
    expect(said[0]).toContain('Deployment is left out');
    expect(foreign).toMatchObject({ message: 'no document for the mesh in routes.yaml' });
  });
});
