import type { Anchor, DirectoryChanges, Watermark } from '../../../src/core/directory.ts';
import { NotFoundError } from '../../../src/core/errors.ts';
import { text } from '../../../src/sandbox/organisation/model.ts';
import type { Organisation } from '../../../src/sandbox/organisation/organisation.ts';
import type { DirectorySource } from '../../../src/ports/directory-source.ts';

export const ATTRIBUTES = ['displayName', 'jobTitle', 'department'];
const signal = new AbortController().signal;

/** Members of each group by id. */
export type Memberships = Map<Anchor, Set<Anchor>>;

/** What every user looks like to a mapping of ATTRIBUTES, as one text each. */
export function looks(organisation: Organisation): Map<Anchor, string> {
  const at = organisation.version();
  return new Map(
    [...organisation.users.values(at)].map(({ id, properties, managerId }) => {
      const manager = managerId === null ? undefined : organisation.users.get(managerId, at)?.id;
      const attributes = ATTRIBUTES.map((name) => text(properties, name));
      return [id, JSON.stringify([attributes, properties['accountEnabled'], manager ?? null])];
    }),
  );
}

/** Who is there in one and not in the other, or looks different. */
export function differing(before: ReadonlyMap<Anchor, string>, after: ReadonlyMap<Anchor, string>): Anchor[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));
}

/** Who is really in which group now: users and nested groups. */
export function trueMemberships(organisation: Organisation): Memberships {
  const at = organisation.version();
  return new Map(
    [...organisation.groups.values(at)].map(({ id }) => {
      const members = [...organisation.members(id).values(at)].filter(({ kind }) => kind !== 'servicePrincipal');
      return [id, new Set(members.map((member) => member.id))];
    }),
  );
}

/** Reads one group's members whole; undefined when it is gone meanwhile. */
async function readGroup(directory: DirectorySource, group: Anchor): Promise<Set<Anchor> | undefined> {
  const { value } = await directory.readMemberships([group], signal);
  const membership = value.get(group);
  return membership === undefined ? undefined : new Set([...membership.users, ...membership.nestedGroups]);
}

async function isStillIn(directory: DirectorySource, user: Anchor, group: Anchor): Promise<boolean> {
  try {
    return (await directory.readGroupsOfUser(user, signal)).includes(group);
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** A caller that keeps memberships by changes alone, as the port's promises say it can. */
export interface Mirror {
  readonly memberships: Memberships;
  /** Everybody named since the last `forget`. */
  readonly lookedAt: Set<Anchor>;
  watermark(): Watermark;
  /** Watermark first, then everything. */
  readWhole(): Promise<void>;
  /** One incremental read, `during` in its middle. `expired` reads everything anew. */
  readChanges(during?: () => void): Promise<'expired' | 'read'>;
}

export async function createMirror(directory: DirectorySource, organisation: Organisation): Promise<Mirror> {
  const memberships: Memberships = new Map();
  const lookedAt = new Set<Anchor>();
  /** Removals the other reads did not confirm: asked about again with each read. */
  let doubts: (readonly [Anchor, Anchor])[] = [];
  let watermark = await directory.startWatermark(ATTRIBUTES, signal);

  async function settleDoubts(): Promise<void> {
    const open = doubts;
    doubts = [];
    for (const [user, group] of open) await remove(user, group);
  }

  async function remove(user: Anchor, group: Anchor): Promise<void> {
    if (await isStillIn(directory, user, group)) doubts.push([user, group]);
    else memberships.get(group)?.delete(user);
  }

  async function apply(changes: DirectoryChanges): Promise<void> {
    for (const [group, change] of changes.groups) {
      const known = memberships.get(group);
      if (change.gone) memberships.delete(group);
      else if (known === undefined) {
        const members = await readGroup(directory, group);
        if (members !== undefined) memberships.set(group, members);
      } else {
        for (const member of [...change.added, ...change.nestedAdded]) known.add(member);
        for (const nested of change.nestedRemoved) known.delete(nested);
        for (const user of change.removed) await remove(user, group);
      }
    }
  }

  async function readWhole(): Promise<void> {
    watermark = await directory.startWatermark(ATTRIBUTES, signal);
    doubts = [];
    memberships.clear();
    for (const [group, members] of trueMemberships(organisation)) memberships.set(group, members);
  }

  await readWhole();
  return {
    memberships,
    lookedAt,
    watermark: () => watermark,
    readWhole,
    async readChanges(during) {
      let interrupt = during;
      const changes = await directory.readChanges(watermark, ATTRIBUTES, signal, () => {
        interrupt?.();
        interrupt = undefined;
      });
      if (changes === 'expired') {
        await readWhole();
        return 'expired';
      }
      await settleDoubts();
      await apply(changes);
      for (const id of changes.users) lookedAt.add(id);
      ({ watermark } = changes);
      return 'read';
    },
  };
}
