/** What Envoy and Istio call all that is outside the mesh and that no document names; a mistyped name leads there too. */
const passthrough = 'PassthroughCluster';

/** A service as people read it, `example.com (outside)` for a host that no document names; `-` for one that nobody knows. */
export function serviceText(service: string, host: string): string {
  if (service !== passthrough) return service || '-';
  return host ? `${host} (outside)` : '(outside the mesh)';
}

/** For `--help` of the commands that show it. */
export const outsideHelp =
  '\n\n(outside) is a host that neither a service nor an ExternalService has the name of: a mistyped name too. Of each\n' +
  'sidecar a hundred have a row; those beyond, and connections without a name, are (outside the mesh).';
