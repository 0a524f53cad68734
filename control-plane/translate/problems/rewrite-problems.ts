import type { RequestRule } from '../attachments/request-route.ts';
import type { RuleExtensions } from '../attachments/route-extensions.ts';
import type { Finding } from './problem.ts';

const subjects = { path: 'the path', hostname: 'the host' } as const;
const fields = ['hostname', 'path'] as const;
type Field = (typeof fields)[number];

/** Of a rule at `path`: what its HTTPRouteFilters say of host and path that something else decides. */
export function rewriteFindings(
  { filters, backendRefs }: Pick<RequestRule, 'filters' | 'backendRefs'>,
  { rewrites, response }: Pick<RuleExtensions, 'rewrites' | 'response'>,
  path: string,
): readonly Finding[] {
  const own = filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite;
  const isRedirect = filters.some(({ requestRedirect }) => requestRedirect !== undefined);
  const served = backendRefs.filter(({ weight }) => weight > 0);
  const ofBackends = served.map(({ filters: of = [] }) => of.find((filter) => filter.urlRewrite)?.urlRewrite);
  const decider = (field: Field, position: number): string | null => {
    if (own?.[field] !== undefined) return "the rule's own URLRewrite";
    const earlier = rewrites.slice(0, position).find(({ rewrite }) => rewrite[field] !== undefined);
    if (earlier !== undefined) return `filters[${earlier.index}], which comes first`;
    const isByAll = ofBackends.length > 0 && ofBackends.every((rewrite) => rewrite?.[field] !== undefined);
    return isByAll ? 'each backend for itself' : null;
  };
  return rewrites.flatMap(({ index, rewrite }, position) => {
    const at = `${path}.filters[${index}].extensionRef`;
    if (response !== null || isRedirect) {
      const what = response === null ? 'redirects' : 'answers by itself';
      return [{ path: at, message: `its urlRewrite has no effect, since the rule ${what}` }];
    }
    return fields.flatMap((field) => {
      if (rewrite[field] === undefined) return [];
      const by = decider(field, position);
      if (by !== null) {
        return [{ path: at, message: `its urlRewrite.${field} has no effect: ${subjects[field]} is decided by ${by}` }];
      }
      const isHeader = field === 'hostname' && rewrite.hostname?.type === 'Header';
      return isHeader && ofBackends.some((of) => of?.hostname !== undefined)
        ? [{ path: at, message: 'the header decides about the host, also for backends with a hostname of their own' }]
        : [];
    });
  });
}
