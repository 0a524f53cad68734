/** YAML of instances without sidecars of their own, so that the caller's sidecar alone decides what becomes of a request. */
export function plainInstance(
  name: string,
  service: string,
  port: number,
  more: { readonly zone?: string; readonly region?: string; readonly protocol?: 'http' | 'grpc' | 'tcp' } = {},
): string {
  const { zone = '', region = '', protocol = 'http' } = more;
  return `
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec:
  address: 127.0.0.1
  service: ${service}
  locality: { region: "${region}", zone: "${zone}" }
  ports: [{ port: ${port}, appProtocol: ${protocol} }]
---`;
}

/** YAML of a policy for a service, of which `sections` are the lines under `spec`, in flow style or not. */
export function policyFor(service: string, ...sections: readonly string[]): string {
  return `
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: "", kind: Service, name: ${service} }]
  ${sections.join('\n  ')}
---`;
}
