import { z } from 'zod';
import type { ProviderState } from './exchange.ts';
import type { Complex } from './json.ts';

const attributes = z.custom<Complex>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const snapshotSchema = z.strictObject({
  format: z.literal(1),
  lastNumber: z.int().nonnegative(),
  /** userNames that can never be used again, lower-case. */
  burnt: z.array(z.string()).exactOptional(),
  resources: z.array(
    z.strictObject({
      id: z.string().min(1),
      type: z.enum(['User', 'Group']),
      attributes,
      members: z.array(z.string()),
      created: z.number(),
      lastModified: z.number(),
      version: z.int().positive(),
      madeBy: z.enum(['client', 'person']).exactOptional(),
    }),
  ),
});

/** Everything the provider holds, as plain JSON. Tokens, faults and requests are not part of it. */
export type ProviderSnapshot = z.infer<typeof snapshotSchema>;

/** Writes down everything the provider holds. */
export function takeSnapshot(state: ProviderState): ProviderSnapshot {
  const resources = [...state.store.resources.values()].map((resource) => ({
    id: resource.id,
    type: resource.type,
    attributes: structuredClone(resource.attributes),
    members: [...resource.members].flatMap(([id, times]) => Array.from({ length: times }, () => id)),
    created: resource.created,
    lastModified: resource.lastModified,
    version: resource.version,
    madeBy: resource.madeBy,
  }));
  return { format: 1, lastNumber: state.lastNumber, burnt: [...state.burnt], resources };
}

/** Reads a snapshot from parsed JSON. Throws a ZodError that says what is wrong with it. */
export function parseSnapshot(value: unknown): ProviderSnapshot {
  return snapshotSchema.parse(value);
}

/** Replaces everything the provider holds by what the snapshot holds. */
export function restoreSnapshot(state: ProviderState, snapshot: ProviderSnapshot): void {
  state.store.clear();
  state.lastNumber = snapshot.lastNumber;
  state.burnt.clear();
  for (const userName of snapshot.burnt ?? []) state.burnt.add(userName);
  for (const { members: listed, madeBy = 'client', ...resource } of snapshot.resources) {
    const members = new Map<string, number>();
    for (const id of listed) members.set(id, (members.get(id) ?? 0) + 1);
    state.store.insert({ ...resource, madeBy, attributes: structuredClone(resource.attributes), members });
  }
}
