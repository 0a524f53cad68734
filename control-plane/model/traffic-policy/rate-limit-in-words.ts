import type { GlobalRateLimitRule, RateLimitRule, RateLimitSelector } from './rate-limit.ts';

/** `100 a second by each instance, for each caller; 5 a minute …`; `none` without a rule. */
export function rateLimitInWords(rules: readonly (RateLimitRule | GlobalRateLimitRule)[], countedBy: string): string {
  if (rules.length === 0) return 'none';
  return rules
    .map((rule) => {
      const { limit, clientSelectors = [] } = rule;
      const whom = clientSelectors.map(selectorInWords).join(' or ');
      return [
        `${limit.requests} a ${limit.unit.toLowerCase()} ${countedBy}`,
        ...(whom === '' ? [] : [`for ${whom}`]),
        ...('cost' in rule && rule.cost !== undefined ? [`each request counts ${rule.cost.request.number}`] : []),
        ...('shared' in rule && rule.shared ? ['together with other services'] : []),
      ].join(', ');
    })
    .join('; ');
}

function selectorInWords({ headers = [], methods, path, principal }: RateLimitSelector): string {
  return [
    ...(principal === undefined ? [] : [principal.type === 'Distinct' ? 'each caller' : `caller ${principal.value}`]),
    ...headers.map(({ type, name, value }) =>
      type === 'Distinct' ? `each value of ${name}` : `requests with ${name}: ${value}`,
    ),
    ...(methods === undefined ? [] : [methods.map(({ value }) => value).join('/')]),
    ...(path === undefined ? [] : [`paths ${path.type === 'Exact' ? '' : 'below '}${path.value}`]),
  ].join(' and ');
}
