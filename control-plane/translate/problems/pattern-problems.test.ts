import { describe, expect, it } from 'vitest';
import { ALL_FEATURES } from '../../../proto/features.ts';
import { messageType } from '../../../proto/load.ts';
import { routeRoom } from '../../../proto/pattern-budget.ts';
import { ROUTE_CONFIGURATION_TYPE_URL } from '../../../proto/type-urls.ts';
import type { ModelDocument } from '../../model/kinds.ts';
import { translate } from '../snapshot.ts';
import { parseDocument, registeredWorkload, viewOf } from '../testing/golden-case.ts';

/** 128 matches with 4 patterns each. */
function route(name: string, year: number): ModelDocument {
  const match = (index: number) => ({
    headers: Array.from({ length: 4 }, (_, header) => ({
      type: 'RegularExpression',
      name: `x-${header}`,
      value: `${name}-${index}-${header}-[a-z]+`,
    })),
  });
  const rule = (first: number) => ({
    matches: Array.from({ length: 64 }, (_, index) => match(first + index)),
    backendRefs: [{ name: 'cart', port: 80 }],
  });
  return parseDocument({
    kind: 'HTTPRoute',
    apiVersion: 'gateway.networking.k8s.io/v1',
    metadata: { name, creationTimestamp: `${year}-01-01T00:00:00Z` },
    spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule(0), rule(64)] },
  } as never);
}

const service = parseDocument({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name: 'cart' },
  spec: { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 8080 }] },
} as never);

const web = { workload: 'default/web-1', namespace: 'default', features: new Set(ALL_FEATURES) };

function translated(...routes: readonly ModelDocument[]) {
  const workloads = [{ name: 'cart-1', service: 'cart', labels: { app: 'cart' }, ports: [8080] }].map(
    registeredWorkload,
  );
  return translate(viewOf([service, ...routes], workloads));
}

describe('patternFindings', () => {
  it('says nothing where all patterns of a port have room', () => {
    expect(translated(route('old', 2020)).problems()).toEqual([]);
  });

  it('tells the youngest of the routes which matches have no effect, and others nothing', () => {
    const snapshot = translated(route('young', 2024), route('old', 2020), route('middle', 2022));
    const why =
      'no effect on port 80 of Service default/cart, whose routes have room for at most 1000 different patterns and 65536 parts in them together: write PathPrefix and Exact where they do, or one pattern for several cases';
    expect(snapshot.problems()).toEqual([
      {
        document: 'HTTPRoute/default/young',
        path: 'spec.rules[0]',
        message: `the rule has ${why}`,
        reason: 'UnsupportedValue',
      },
      {
        document: 'HTTPRoute/default/young',
        path: 'spec.rules[1]',
        message: `the rule has ${why}`,
        reason: 'UnsupportedValue',
      },
      {
        document: 'HTTPRoute/default/middle',
        path: 'spec.rules[1].matches[58]',
        message: `6 of the 64 matches have ${why}`,
        reason: 'UnsupportedValue',
      },
    ]);
  });

  it('tells of the very routes that sidecars are not sent', () => {
    const snapshot = translated(route('old', 2020), route('middle', 2022), route('young', 2024));
    const name = 'cart.default.svc.cluster.local:80';
    const resource = snapshot.resource(web, ROUTE_CONFIGURATION_TYPE_URL, name);
    const { virtual_hosts: hosts } = messageType('envoy.config.route.v3.RouteConfiguration').decode(
      resource?.bytes ?? Buffer.alloc(0),
    );
    expect(hosts[0]?.routes).toHaveLength(routeRoom.patterns / 4);
    expect(hosts[0]?.routes.filter(({ name }) => name === 'old')).toHaveLength(128);
    expect(hosts[0]?.routes.filter(({ name }) => name === 'middle')).toHaveLength(122);
  });
});
