import { roomInWords, routeRoom } from '../../../proto/pattern-budget.ts';
import type { RequestRoute } from '../attachments/request-route.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { RouteParent } from '../attachments/route-attachments.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';
import { parentText, routedPorts } from './route-parents.ts';

/** Knows which matches of the routes of one port are left out of its table, for want of room for their patterns. */
export interface CrowdedRoutes {
  hasPatterns(route: RequestRoute): boolean;
  withoutRoom(
    routes: readonly RequestRoute[],
    called: RouteParent,
  ): readonly {
    readonly route: RequestRoute;
    readonly precedence: { readonly rule: number; readonly match: number };
  }[];
}

/** One for each rule and port that loses something: a document has 128 matches and may have lost them all. */
export function patternFindings(
  route: RequestRoute,
  catalog: ServiceCatalog,
  attachments: RequestRoutes,
  crowded: CrowdedRoutes,
): readonly Finding[] {
  if (!crowded.hasPatterns(route)) return [];
  const findings = [...routedPorts(route, catalog)].flatMap(({ called, port }) => {
    const deciding = attachments.routesFor(called, port, route.metadata.namespace);
    const own = crowded.withoutRoom(deciding, called).filter((lost) => lost.route === route);
    return route.spec.rules.flatMap((rule, index) => {
      const lost = own.filter(({ precedence }) => precedence.rule === index);
      const [first] = lost;
      if (first === undefined) return [];
      const isWhole = lost.length >= rule.matches.length;
      const what = isWhole ? 'the rule has' : `${lost.length} of the ${rule.matches.length} matches have`;
      const place = isWhole ? '' : `.matches[${first.precedence.match}]`;
      return [
        {
          path: `spec.rules[${index}]${place}`,
          message: `${what} no effect on port ${port.port} of ${parentText(called)}, whose routes have room for ${roomInWords(routeRoom)}: write PathPrefix and Exact where they do, or one pattern for several cases`,
          reason: 'UnsupportedValue',
        },
      ];
    });
  });
  // a port of several hosts says the same of each
  return [...new Map(findings.map((finding) => [`${finding.path} ${finding.message}`, finding])).values()];
}
