/**
 * Texts of xDS in which Envoy substitutes commands such as `%REQ(x-user)%`: the values of header changes, and
 * `RouteAction.path_rewrite`. There `%%` stands for a percent sign, and one that neither begins a command nor is written
 * twice makes the whole resource invalid.
 *
 * The mesh has no commands. Users' texts mean what they say, so the control plane writes every percent sign twice, and a
 * sidecar takes nothing else: what it would write is what Envoy would.
 *
 * Source: Envoy access log format rules, `SubstitutionFormatParser::parse`.
 */

/** The format that stands for this very text. */
export function formatOf(text: string): string {
  return text.replaceAll('%', '%%');
}

/** The text that a format without commands stands for; null for any other. */
export function textOf(format: string): string | null {
  return /^(?:[^%]|%%)*$/.test(format) ? format.replaceAll('%%', '%') : null;
}
