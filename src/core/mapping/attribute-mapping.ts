import type { Json } from '../scim.ts';

interface MappingBase {
  /** SCIM attribute path at the service provider, canonical case. */
  readonly target: string;
  /** Matching precedence, 1 first; absent when the attribute is not used for matching. */
  readonly match?: number;
  /** `create`: flows only when the account is created (Entra: "Only during object creation"). */
  readonly apply?: 'always' | 'create';
  /** Used when the source has no value, and only on create (Entra: "Default value if null"). */
  readonly default?: Json;
  /** What a source without value means for an existing account: leave it (Entra's way), or clear it. */
  readonly nulls?: 'skip' | 'clear';
}

/** One line of an attribute mapping, with Entra's mapping types (Learn: customize-application-attributes). */
export type AttributeMapping = MappingBase &
  (
    | { readonly kind: 'direct'; readonly source: string }
    | { readonly kind: 'constant'; readonly value: Json }
    | { readonly kind: 'expression'; readonly expression: string }
  );
