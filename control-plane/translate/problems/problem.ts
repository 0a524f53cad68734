/** Something a document says that cannot have the effect it asks for. The rest of the document still has its own. */
export interface Problem {
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  /** Where in the document, e.g. `spec.rules[0].backendRefs[1]`. */
  readonly path: string;
  readonly message: string;
  /** What a condition of Gateway API calls it, where it has a word. */
  readonly reason?: string;
}

/** A problem of a document that is known already. */
export type Finding = Omit<Problem, 'document'>;
