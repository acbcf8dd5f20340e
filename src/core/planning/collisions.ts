import { matchingTargets, type CompiledMapping } from '../mapping/compile-mapping.ts';
import type { CreateAccount } from '../operation.ts';
import type { PlanDraft } from './plan-input.ts';

/** Creates whose matching attribute has the same value: whichever came second would be joined to the first one's account. */
export function collideCreates(draft: PlanDraft, mapping: CompiledMapping): void {
  const creates = draft.operations.filter(
    (operation): operation is CreateAccount => operation.resource === 'account' && operation.kind === 'create',
  );
  for (const target of matchingTargets(mapping)) {
    const byValue = new Map<string, CreateAccount[]>();
    for (const create of creates) {
      const value = create.attributes.find(({ path }) => path === target)?.after;
      if (typeof value !== 'string' || value === '') continue;
      const key = value.toLowerCase();
      const same = byValue.get(key);
      if (same === undefined) byValue.set(key, [create]);
      else same.push(create);
    }
    for (const [value, same] of byValue) {
      if (same.length < 2) continue;
      const text = `${same.length} users map to the same ${target} "${value}" (DuplicateSourceEntries)`;
      draft.collisions.push({ text, operations: same.map(({ key }) => key) });
    }
  }
}
