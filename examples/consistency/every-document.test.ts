import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { documentName } from '../../control-plane/model/kinds.ts';
import { backendTrafficPolicy, httpRoute, mesh, service, workload } from './document-arbitraries.ts';
import { meshOf, readDocument, refusals } from './whole-pipe.ts';

describe('what the model accepts', () => {
  it.each(Object.entries({ httpRoute, backendTrafficPolicy, mesh, service, workload }))(
    'becomes resources that sidecars take: %s',
    (_kind, arbitrary) => {
      let accepted = 0;
      const property = fc.property(arbitrary, (value) => {
        const document = readDocument(value);
        if (!('kind' in document)) return;
        accepted++;
        expect(refusals(meshOf([document]))).toEqual([]);
      });
      fc.assert(property, { numRuns: 200 });
      expect(accepted, 'documents that were accepted').toBeGreaterThan(80);
    },
  );

  it('becomes resources that sidecars take, however documents are mixed', () => {
    const anything = fc.oneof(httpRoute, httpRoute, backendTrafficPolicy, mesh, service, workload);
    const property = fc.property(fc.array(anything, { maxLength: 8 }), (values) => {
      const documents = values.map(readDocument).filter((read): read is ModelDocument => 'kind' in read);
      // A store has one document of a name.
      const byName = new Map(documents.map((document) => [documentName(document), document]));
      expect(refusals(meshOf([...byName.values()]))).toEqual([]);
    });
    fc.assert(property, { numRuns: 150 });
  });
});
