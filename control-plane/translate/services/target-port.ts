/** Which port of an instance a service port means. */
export type TargetPort =
  | { readonly by: 'number'; readonly port: number }
  | { readonly by: 'name'; readonly name: string }
  /** Port 80 of an instance that declares it, the first port of any other. */
  | { readonly by: 'default' };

/** The port that every implicit service has, beside those that its workloads declare. */
export const implicitPort = 80;

/** The port among those that a workload declares; undefined when it declares no such port. */
export function declaredPort<Port extends { readonly port: number; readonly name: string }>(
  ports: readonly Port[],
  target: TargetPort,
): Port | undefined {
  switch (target.by) {
    case 'number':
      return ports.find(({ port }) => port === target.port);
    case 'name':
      return ports.find(({ name }) => name === target.name);
    case 'default':
      return ports.find(({ port }) => port === implicitPort) ?? ports[0];
  }
}
