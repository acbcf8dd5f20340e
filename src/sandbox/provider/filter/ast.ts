/** An attribute path as written: `[URI ":"] ATTRNAME [subAttr]` (RFC 7644 figure 1). Not yet looked up in a schema. */
export interface AttributePath {
  readonly schema: string | undefined;
  readonly name: string;
  readonly subName: string | undefined;
}

export const COMPARISONS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le'] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type CompareValue = string | number | boolean | null;

/** A parsed filter. */
export type Filter =
  | { readonly kind: 'logical'; readonly operator: 'and' | 'or'; readonly operands: readonly Filter[] }
  | { readonly kind: 'not'; readonly operand: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly path: AttributePath;
      readonly value: CompareValue;
    }
  | {
      readonly kind: 'value-path';
      readonly path: AttributePath;
      readonly filter: Filter;
      /** The comparison after the bracket of `emails[type eq "work"].value eq "x"`, a dialect outside the grammar. */
      readonly tail: Filter | undefined;
    };

/** The path of a PATCH operation: `attrPath / valuePath [subAttr]` (RFC 7644 figure 7). */
export interface PatchPath {
  readonly path: AttributePath;
  readonly filter: Filter | undefined;
  /** Sub-attribute after the bracket, or after the name when there is no filter. */
  readonly subName: string | undefined;
}
