import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const filter = (spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'HTTPRouteFilter',
  metadata: { name: 'closed' },
  spec,
});
const faultsOf = (value: unknown) =>
  checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);

describe('routeFilterSchema', () => {
  it('takes an answer, callers, or both', () => {
    const callers = [{ namespace: 'shop' }, { namespace: 'shop', serviceAccount: 'web' }];
    expect(faultsOf(filter({ directResponse: {}, callers }))).toEqual([]);
    expect(checkDocument(filter({ directResponse: { body: { inline: 'x' } } })).document).toMatchObject({
      spec: { directResponse: { statusCode: 200, body: { type: 'Inline', inline: 'x' } } },
    });
  });

  it.each([
    ['nothing', {}, 'spec: write directResponse, callers or both'],
    ['no caller', { callers: [] }, 'spec.callers: name at least one caller, or leave callers out'],
    [
      'a status of no answer',
      { directResponse: { statusCode: 100 } },
      'spec.directResponse.statusCode: write a status from 200 to 599',
    ],
    [
      'a body that is too long in bytes',
      { directResponse: { body: { inline: 'é'.repeat(2049) } } },
      'spec.directResponse.body.inline: a body has at most 4096 bytes',
    ],
    [
      'a header line in place of a type',
      { directResponse: { contentType: 'text/plain\r\nx: y' } },
      'spec.directResponse.contentType: a header value is visible ASCII without surrounding space; put numbers and booleans in quotes',
    ],
  ])('refuses %s', (_, spec, fault) => {
    expect(faultsOf(filter(spec))).toEqual([fault]);
  });
});
