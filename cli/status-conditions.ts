/** As Kubernetes has them in `status`. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Conditions of a document; those of a route stand under each parent, which `of` names, and is empty elsewhere. */
export function conditionsOf(status: unknown): readonly (Condition & { readonly of: string })[] {
  const { conditions, parents } = Object(status) as {
    conditions?: readonly Condition[];
    parents?: readonly { readonly parentRef: { readonly name: string }; readonly conditions: readonly Condition[] }[];
  };
  return [
    ...(conditions ?? []).map((condition) => ({ ...condition, of: '' })),
    ...(parents ?? []).flatMap(({ parentRef, conditions: ofParent }) =>
      ofParent.map((condition) => ({ ...condition, of: `${parentRef.name}: ` })),
    ),
  ];
}

/** Of all conditions `PartiallyInvalid` alone is bad when it is true. */
export function isGood({ type, status }: Condition): boolean {
  return (status === 'True') !== (type === 'PartiallyInvalid');
}
