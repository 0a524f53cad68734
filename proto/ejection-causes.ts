/** What an endpoint can be taken out for; names as in Envoy's counters. */
export const ejectionCauses = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'local_origin_success_rate',
  'failure_percentage',
  'local_origin_failure_percentage',
] as const;
export type EjectionCause = (typeof ejectionCauses)[number];
