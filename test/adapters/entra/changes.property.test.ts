import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHeadgateError } from '../../../src/core/errors.ts';
import { generateState } from '../../../src/sandbox/organisation/generate.ts';
import { createOrganisation, type Organisation } from '../../../src/sandbox/organisation/organisation.ts';
import type { TenantControl } from '../../../src/sandbox/tenant/control.ts';
import { createMirror, differing, looks, trueMemberships, type Memberships, type Mirror } from './changes-mirror.ts';
import { openOrganisation } from './sandbox-company.ts';

const STATE = generateState({ seed: 5, users: 10, groups: 5 });

/** Something an administrator does. Numbers choose among what is there at the time. */
type Edit = readonly [kind: (typeof EDITS)[number], one: number, other: number];
type Step =
  | { readonly kind: 'edit'; readonly edit: Edit }
  /** An incremental read, with an edit while its pages are read or without. */
  | { readonly kind: 'read'; readonly during?: Edit | undefined }
  | { readonly kind: 'replay'; readonly versions: number }
  | { readonly kind: 'lag'; readonly reads: number }
  | { readonly kind: 'hold' | 'release' | 'expire' };

const EDITS = [
  'rename',
  'retitle',
  'move',
  'disable',
  'enable',
  'manage',
  'unmanage',
  'create',
  'delete',
  'restore',
  'erase',
  'join',
  'leave',
  'nest',
  'unnest',
  'found',
  'relabel',
  'disband',
] as const;

function pick<T>(list: readonly T[], choice: number): T | undefined {
  return list[choice % Math.max(1, list.length)];
}

let names = 0;

function perform(control: TenantControl, organisation: Organisation, [kind, one, other]: Edit): void {
  const at = organisation.version();
  const users = [...organisation.users.values(at)].map(({ id }) => id);
  const groups = [...organisation.groups.values(at)].map(({ id }) => id);
  const deleted = [...organisation.deletedUsers.values(at)].map(({ id }) => id);
  const user = pick(users, one);
  const second = pick(users, other);
  const group = pick(groups, other);
  const nested = pick(groups, one);
  const gone = pick(deleted, one);
  const name = `x${(names += 1)}`;
  if (kind === 'create') control.createUser({ userPrincipalName: `${name}@x.example`, displayName: name }, second);
  if (gone !== undefined && kind === 'restore') control.restoreUser(gone);
  if (gone !== undefined && kind === 'erase') control.hardDeleteUser(gone);
  if (group !== undefined && nested !== undefined) {
    if (kind === 'nest') control.addMember(group, nested);
    if (kind === 'unnest') control.removeMember(group, nested);
    if (kind === 'relabel') control.updateGroup(group, { displayName: name });
    if (kind === 'disband') control.deleteGroup(group);
  }
  if (user === undefined || second === undefined) return;
  if (kind === 'rename') control.updateUser(user, { displayName: name });
  if (kind === 'retitle') control.updateUser(user, { jobTitle: other % 2 === 0 ? name : null });
  if (kind === 'move') control.updateUser(user, { city: name });
  if (kind === 'disable') control.disableUser(user);
  if (kind === 'enable') control.enableUser(user);
  if (kind === 'manage') control.setManager(user, second);
  if (kind === 'unmanage') control.setManager(user, null);
  if (kind === 'delete') control.softDeleteUser(user);
  if (kind === 'found') control.createGroup({ displayName: name }, [...new Set([user, second])]);
  if (group === undefined) return;
  if (kind === 'join') control.addMember(group, user);
  if (kind === 'leave') control.removeMember(group, user);
}

/** Performs an edit; what the tenant refuses (a member twice, a taken name) did not happen. */
function attempt(control: TenantControl, organisation: Organisation, edit: Edit | undefined): void {
  if (edit === undefined) return;
  try {
    perform(control, organisation, edit);
  } catch (error) {
    if (!isHeadgateError(error)) throw error;
  }
}

const edits: fc.Arbitrary<Edit> = fc.tuple(fc.constantFrom(...EDITS), fc.nat(40), fc.nat(40));
const edit: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('edit' as const), edit: edits });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: edit },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('read' as const), during: fc.option(edits, { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay' as const), versions: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lag' as const), reads: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('hold' as const, 'release' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
);

interface Run {
  readonly control: TenantControl;
  readonly organisation: Organisation;
  readonly mirror: Mirror;
  /** How everybody looked when the mirror last knew everything. */
  before: ReadonlyMap<string, string>;
  /** What the mirror missed, in words. */
  readonly missed: string[];
}

async function read(run: Run, during?: Edit): Promise<void> {
  const { control, organisation, mirror } = run;
  if ((await mirror.readChanges(() => attempt(control, organisation, during))) !== 'expired') return;
  mirror.lookedAt.clear();
  run.before = looks(organisation);
}

function sorted(memberships: Memberships): Map<string, string> {
  return new Map([...memberships].map(([group, members]) => [group, [...members].toSorted().join(' ')]));
}

/** Lets the directory tell everything it holds back, and compares with the truth. */
async function compare(run: Run): Promise<void> {
  const { control, organisation, mirror, missed } = run;
  control.setDeltaLag(undefined);
  await read(run);
  await read(run);
  const after = looks(organisation);
  const unnamed = differing(run.before, after).filter((id) => !mirror.lookedAt.has(id));
  missed.push(...unnamed.map((id) => `user ${id}: ${run.before.get(id)} became ${after.get(id)}`));
  const [kept, real] = [sorted(mirror.memberships), sorted(trueMemberships(organisation))];
  for (const id of differing(kept, real)) missed.push(`group ${id}: ${kept.get(id)} instead of ${real.get(id)}`);
  mirror.lookedAt.clear();
  run.before = after;
}

async function step(run: Run, next: Step): Promise<void> {
  const { control, organisation } = run;
  switch (next.kind) {
    case 'edit':
      return attempt(control, organisation, next.edit);
    case 'read':
      return read(run, next.during);
    case 'replay':
      return control.setDeltaReplay(next.versions);
    case 'lag':
      return control.setDeltaLag({ kind: 'reads', reads: next.reads });
    case 'hold':
      return control.setDeltaLag({ kind: 'held' });
    case 'release':
      return compare(run);
    case 'expire':
      return control.expireDeltaTokens();
    default:
      return next satisfies never;
  }
}

async function play(history: readonly Step[], pageSize: number): Promise<readonly string[]> {
  const opened: { close(): Promise<void> }[] = [];
  try {
    const organisation = createOrganisation(STATE);
    const { tenant, directory } = await openOrganisation(opened, organisation, { pageSize });
    const mirror = await createMirror(directory, organisation);
    const run = { control: tenant.control, organisation, mirror, before: looks(organisation), missed: [] };
    for (const next of history) await step(run, next);
    await compare(run);
    return run.missed;
  } finally {
    for (const thing of opened.toReversed()) await thing.close();
  }
}

describe('after any history, read in any number of rounds, with replays, lag and lost tokens', () => {
  it('everybody who looks different was named, and memberships kept by changes are the true ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 5, maxLength: 45 }),
        fc.integer({ min: 1, max: 6 }),
        async (history, pageSize) => {
          expect(await play(history, pageSize)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
