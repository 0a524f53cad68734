import type { DescribedService } from '../../control-plane/api/client.ts';

export const healthTones = { ok: 'good', out: 'bad', ill: 'bad', '?': 'warning' } as const;

export type Health = 'ok' | 'out' | 'ill' | '?';

/** `ill` where requests go to it all the same; `?` where callers leave instances out and nobody knows which. */
export function healthOf(service: DescribedService): (name: string) => Health {
  const names = new Set(service.out.map(({ instance }) => instance));
  const others = isUntold(service) ? '?' : 'ok';
  return (name) => (names.has(name) ? (isPanicking(service) ? 'ill' : 'out') : others);
}

/** What the circuit knows and the column cannot say. */
export function besideHealth(service: DescribedService): readonly string[] {
  return [
    ...(isPanicking(service) ? ['panic: too few instances are well, so requests go to all of them'] : []),
    ...(isUntold(service) ? ['which of them callers leave out was told before this control plane began'] : []),
  ];
}

function isPanicking({ circuit }: DescribedService): boolean {
  return circuit?.reasons.includes('panic') === true;
}

/** Sidecars repeat how many they leave out, and tell once which: a control plane that has begun since has not heard it. */
function isUntold({ circuit, out }: DescribedService): boolean {
  const leavesOut = circuit?.reasons.some((reason) => /^panic$| ejected$| fail their checks$/.test(reason)) === true;
  return leavesOut && out.length === 0;
}
