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
    ['nothing', {}, 'spec: write directResponse, urlRewrite or callers'],
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
    [
      'an answer beside a rewrite',
      { directResponse: {}, urlRewrite: { hostname: { type: 'Backend' } } },
      'spec.urlRewrite: does not go with directResponse, which answers the request where it is',
    ],
    ['a rewrite of nothing', { urlRewrite: {} }, 'spec.urlRewrite: write hostname, path or both'],
    [
      'what the standard has a filter for',
      { urlRewrite: { path: { ...byPattern('a', 'b').urlRewrite.path, type: 'ReplaceFullPath' } } },
      'spec.urlRewrite.path.type: write ReplaceRegexMatch; ReplaceFullPath and ReplacePrefixMatch stand in a filter of type URLRewrite',
    ],
    [
      'a header that is not named',
      { urlRewrite: { hostname: { type: 'Header' } } },
      'spec.urlRewrite.hostname: missing field header: type Header needs it',
    ],
    [
      'a header where the backend decides',
      { urlRewrite: { hostname: { type: 'Backend', header: 'x-host' } } },
      'spec.urlRewrite.hostname.header: header does not go with type Backend',
    ],
    [
      'the header that it is about',
      { urlRewrite: { hostname: { type: 'Header', header: 'HOST' } } },
      'spec.urlRewrite.hostname.header: Host is what is rewritten: name another header',
    ],
    [
      'a header that routes never see',
      { urlRewrite: { hostname: { type: 'Header', header: 'Keep-Alive' } } },
      'spec.urlRewrite.hostname.header: routes never see this header',
    ],
  ])('refuses %s', (_, spec, fault) => {
    expect(faultsOf(filter(spec))).toEqual([fault]);
  });

  it.each([
    ['(a', '', 'pattern: the pattern is not a pattern as RE2 reads it: missing closing ): `(a`'],
    ['(?=a)', '', 'pattern: the pattern looks ahead or behind, which RE2 does not'],
    ['(a{1,20}){1,20}', '', 'pattern: the pattern compiles to 841 steps, more than 300'],
    ['/(a)', '/\\2', 'substitution: the substitution refers to group 2, and the pattern has 1'],
    ['/(a)', '/\\', 'substitution: the substitution holds \\: write \\0 for all that matched'],
    ['/(a)', '/$1', 'substitution: a group is written \\1 and not $1, and $ itself as %24'],
    ['/a', '/b?c=d', 'substitution: the substitution holds what no path may have'],
    ['/a', '/b%2Fc', 'substitution: a path does not contain "%2F"'],
    ['/a', '/b%zz', 'substitution: a path has only characters that a URL path may have'],
    ['/a', '/b\\\\', 'substitution: a path has no backslash'],
    ['/a', '/{b}', 'substitution: a path has only characters that a URL path may have'],
    ['/a', `/${'b'.repeat(1024)}`, 'substitution: a substitution has at most 1024 characters'],
  ])('refuses to put in place of all that %s takes %j, and says what to write', (pattern, substitution, fault) => {
    const faults = faultsOf(filter(byPattern(pattern, substitution)));
    expect(faults).toEqual([expect.stringContaining(`spec.urlRewrite.path.replaceRegexMatch.${fault}`)]);
  });

  it.each([
    ['^/v([0-9]+)/(.*)$', '/\\2/v\\1'],
    ['/[0-9]+', ''],
    ['/a', "/\\0-._~!$&'()*+,;=:@%20"],
  ])('takes %s with %s in its place', (pattern, substitution) => {
    expect(faultsOf(filter(byPattern(pattern, substitution)))).toEqual([]);
    const hostname = { type: 'Header', header: 'X-Host' };
    expect(faultsOf(filter({ urlRewrite: { ...byPattern(pattern, substitution).urlRewrite, hostname } }))).toEqual([]);
  });
});

function byPattern(pattern: string, substitution: string) {
  return { urlRewrite: { path: { type: 'ReplaceRegexMatch', replaceRegexMatch: { pattern, substitution } } } };
}
