/** What Envoy and Istio call all that is outside the mesh and that no document names; a mistyped name leads there too. */
const passthrough = 'PassthroughCluster';

/** A service as people read it; `-` for one that nobody knows. */
export function serviceText(service: string): string {
  return service === passthrough ? '(outside the mesh)' : service || '-';
}

/** For `--help` of the commands that show it. */
export const outsideHelp =
  '\n\n(outside the mesh) is every host that neither a service nor an ExternalService has the name of: a mistyped\n' +
  'name too. The access log of the caller has the host.';
