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
    ...headers.map(headerInWords),
    ...(methods === undefined ? [] : [methods.map(({ value }) => value).join('/')]),
    ...(path === undefined ? [] : [pathInWords(path)]),
  ].join(' and ');
}

function headerInWords({ type, name, value, invert }: NonNullable<RateLimitSelector['headers']>[number]): string {
  if (type === 'Distinct') return `each value of ${name}`;
  return `requests ${invert ? 'without' : 'with'} ${name}: ${type === 'Exact' ? '' : 'like '}${value}`;
}

function pathInWords({ type, value, invert }: NonNullable<RateLimitSelector['path']>): string {
  const how = { Exact: '', PathPrefix: 'below ', RegularExpression: 'like ' };
  return `paths ${invert ? 'other than ' : ''}${how[type]}${value}`;
}
