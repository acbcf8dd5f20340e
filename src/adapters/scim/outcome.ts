import type { Anchor } from '../../core/directory.ts';
import type { Exported, ReferenceChange } from '../../core/operation.ts';
import type { AttributeChange, JsonObject, ResourceId } from '../../core/scim.ts';
import { holds } from '../../core/scim-compare.ts';
import { pathOf, readPath } from '../../core/scim-path.ts';
import type { ResolveReference } from '../../ports/service-provider.ts';
import { referencePath, settledChange } from './dialect.ts';
import type { Exchange } from './exchange.ts';
import { shownActive } from './resources.ts';

/** The result of an operation, with what it cost. */
export function exported(
  exchange: Exchange,
  resourceId: ResourceId | null,
  details: { readonly note?: NonNullable<Exported['note']>; readonly unresolved?: readonly Anchor[] } = {},
): Exported {
  const requestId = exchange.requestId();
  const { note, unresolved = [] } = details;
  return {
    resourceId,
    ...(note !== undefined && { note }),
    ...(unresolved.length > 0 && { unresolved }),
    requests: exchange.requests(),
    ...(requestId !== undefined && { requestId }),
  };
}

/** References as changes, with the resource ids known now; anchors without an account are left out and named. */
export function resolveReferences(
  references: readonly ReferenceChange[],
  resolve: ResolveReference,
): { readonly changes: readonly AttributeChange[]; readonly unresolved: readonly Anchor[] } {
  const changes: AttributeChange[] = [];
  const unresolved: Anchor[] = [];
  for (const { path, to } of references) {
    const id = resolve(to);
    if (id === undefined) unresolved.push(to);
    // What was there before is not known, and replacing it is right in any case.
    else changes.push({ path: referencePath(path), before: true, after: id });
  }
  return { changes, unresolved };
}

/** The changes whose value the resource does not have yet, with what it has as `before`. */
export function outstanding(body: JsonObject, changes: readonly AttributeChange[]): readonly AttributeChange[] {
  return changes.flatMap((change) => {
    const { path, after } = settledChange(change);
    // A provider that does not show `active` shows its active accounts.
    const found = path === 'active' ? (shownActive(body) ?? readPath(body, path) ?? true) : readPath(body, path);
    return holds(pathOf(path), found, after) ? [] : [{ path, before: found ?? null, after }];
  });
}
