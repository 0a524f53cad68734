import { documentName } from '../../model/kinds.ts';
import type { TrafficPolicy } from '../../model/traffic-policy.ts';
import type { RequestRule } from '../attachments/request-route.ts';
import type { Documents } from '../view/mesh-view.ts';
import type { Finding, Problem } from './problem.ts';

/** What documents say that a stock Envoy gets less of, or none: it has no field for it. Whatever it gets, it never does more. */
export function stockGaps(documents: Documents): readonly Problem[] {
  const policies = [
    ...documents.BackendTrafficPolicy.map((document) => ({ document, policy: document.spec, at: 'spec' })),
    ...documents.Mesh.map((document) => ({ document, policy: document.spec.defaults ?? {}, at: 'spec.defaults' })),
  ];
  const routes = [...documents.HTTPRoute, ...documents.GRPCRoute];
  return [
    ...policies.flatMap(({ document, policy, at }) => of(documentName(document), policyGaps(policy, at))),
    ...routes.flatMap((document) =>
      of(
        documentName(document),
        document.spec.rules.flatMap((rule, index) => ruleGaps(rule, `spec.rules[${index}]`)),
      ),
    ),
    ...documents.TCPRoute.flatMap((document) =>
      of(documentName(document), [
        { path: 'spec', message: 'an Envoy takes requests alone, and no other connections' },
      ]),
    ),
  ];
}

function of(document: string, findings: readonly Finding[]): readonly Problem[] {
  return findings.map((finding) => ({ document, ...finding }));
}

function policyGaps(
  { fallback, retry, retryAfter, loadBalancer, requestBuffer }: TrafficPolicy,
  at: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push({ path: `${at}.${path}`, message });
  };
  if (fallback !== undefined) find('fallback', 'an Envoy has none');
  if (retryAfter !== undefined) find('retryAfter', 'an Envoy heeds it in retries alone, and not in balancing');
  if (requestBuffer !== undefined) {
    find(
      'requestBuffer',
      'an Envoy of the service waits for the end of a body: a call that streams both ways never begins',
    );
  }
  if (loadBalancer?.type === 'PeakEwma') find('loadBalancer.type', 'an Envoy balances by LeastRequest instead');
  if (retry === undefined || retry.retryNonIdempotent === true) return findings;
  const reason = 'without retryNonIdempotent an Envoy might do twice what may be done once';
  if (retry.hedgeOnPerTryTimeout === true) find('retry.hedgeOnPerTryTimeout', `${reason}, so it does not hedge`);
  const conditions = retry.retryOn?.requestHeaders ?? [];
  if (conditions.length > 0) find('retry.retryOn.requestHeaders', `${reason}, so it does not retry`);
  return findings;
}

function ruleGaps({ sessionPersistence: session, backendRefs }: RequestRule, at: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const field of ['absoluteTimeout', 'idleTimeout'] as const) {
    const isBound = session?.[field] !== undefined && !(field === 'absoluteTimeout' && isPermanent(session));
    if (isBound) findings.push({ path: `${at}.sessionPersistence.${field}`, message: 'an Envoy knows no such bound' });
  }
  const paths = backendRefs.map(({ filters = [] }) =>
    JSON.stringify(filters.find(({ urlRewrite }) => urlRewrite?.path !== undefined)?.urlRewrite?.path ?? null),
  );
  if (new Set(paths).size > 1) {
    const message = 'backends with paths of their own: an Envoy answers 503 for their share';
    findings.push({ path: `${at}.backendRefs`, message });
  }
  return findings;
}

/** The client forgets the cookie then, whoever is in between. */
function isPermanent({ cookie, cookieConfig }: NonNullable<RequestRule['sessionPersistence']>): boolean {
  return (cookie?.lifetimeType ?? cookieConfig?.lifetimeType) === 'Permanent';
}
