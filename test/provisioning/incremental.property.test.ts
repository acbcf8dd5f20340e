import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Baseline } from '../../src/core/baseline.ts';
import type { Anchor, DirectoryChanges, GroupChange, ReadGap } from '../../src/core/directory.ts';
import type { Link } from '../../src/core/link.ts';
import { canonicalJson } from '../../src/core/plan.ts';
import type { CycleKind, CycleSubject } from '../../src/core/cycle.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { Connection } from '../../src/ports/index.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import { connectionDigest } from '../../src/provisioning/connection-digest.ts';
import { prepareCycle, type Preparation } from '../../src/provisioning/prepare-cycle.ts';
import { heldOperations } from '../../src/core/guards.ts';
import { aGroup, assignUser, aUser, defaultMapping, NOW, theGuards, theRules, type Organisation } from '../builders.ts';
import {
  entitledUsers,
  filtering,
  GROUPS,
  mappableUsers,
  organisation,
  scopeUnder,
  USERS,
  type FilteredOrganisation,
} from '../core/planning/organisations.ts';
import { ProviderModel } from '../core/planning/provider-model.ts';
import { aSecret, fakeDirectory, fakeProvider, noCredentials } from './fakes.ts';
import { modelLinks, rememberInModel } from './model-links.ts';

const WATERMARK: Baseline['watermark'] = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };
const guards = theGuards({ tooManyRemovals: { count: 1000, percent: 100 } });
const rulesFor = (now: FilteredOrganisation) => theRules({ guards, ...scopeUnder(now) });

/** Organisations one after the other under the same scoping filters, if any. */
const history = fc
  .tuple(filtering, fc.array(organisation, { minLength: 2, maxLength: 5 }))
  .map(([filters, steps]) => steps.map((now): FilteredOrganisation => ({ ...now, filtering: filters })));

function changesBetween(before: Organisation, now: Organisation): DirectoryChanges {
  const userOf = (all: Organisation, id: Anchor) => canonicalJson(all.users?.find((user) => user.id === id) ?? null);
  const users = new Set(USERS.filter((id) => userOf(before, id) !== userOf(now, id)));
  const groups = new Map<Anchor, GroupChange>();
  for (const [id, group] of Object.entries(now.groups ?? {})) {
    const then = before.groups?.[id]?.users ?? [];
    const today = group.users ?? [];
    const added = new Set(today.filter((user) => !then.includes(user)));
    const removed = new Set(then.filter((user) => !today.includes(user)));
    if (added.size + removed.size > 0)
      groups.set(id, { gone: false, changed: false, added, removed, nestedAdded: new Set(), nestedRemoved: new Set() });
  }
  return { watermark: WATERMARK, users, groups };
}

function directoryOf(now: FilteredOrganisation, before: Organisation): DirectorySource {
  const groups = now.groups ?? {};
  return {
    ...fakeDirectory({
      assignments: now.assignments ?? [],
      groups: Object.fromEntries(Object.entries(groups).map(([id, { name }]) => [id, aGroup(id, name)])),
      memberships: Object.fromEntries(Object.entries(groups).map(([id, { users = [] }]) => [id, { users }])),
      users: Object.fromEntries((now.users ?? []).map((user) => [user.id, user])),
      whereabouts: now.whereabouts ?? {},
    }),
    startWatermark: async () => WATERMARK,
    readChanges: async () => changesBetween(before, now),
    readGroupsOfUser: async (user) =>
      Object.entries(groups)
        .filter(([, { users = [] }]) => users.includes(user))
        .map(([id]) => id),
  };
}

function providerOf(model: ProviderModel): ServiceProvider {
  const accounts = model.listAccounts();
  return {
    ...fakeProvider({ accounts, groups: model.listGroups() }),
    findGroups: async ({ attribute, value }) =>
      model
        .listGroups()
        .filter((group) => (attribute === 'externalId' ? group.externalId : group.displayName) === value),
  };
}

const target = 'https://acme.example/scim/v2';

function connectionTo(model: ProviderModel, now: FilteredOrganisation, before: Organisation): Connection {
  const directory = directoryOf(now, before);
  return {
    rules: rulesFor(now),
    mapping: defaultMapping(),
    directory,
    provider: providerOf(model),
    credential: aSecret,
    target,
    tenant: 'contoso',
    concurrency: 2,
  };
}

interface Committed {
  readonly baseline: Baseline | undefined;
  readonly unsettled: readonly Operation[];
}

/** Prepares and exports one cycle against the model; operations for which `loses` is true are left unsettled. */
async function runCycle(
  model: ProviderModel,
  kind: CycleKind,
  now: FilteredOrganisation,
  before: Organisation,
  last: Committed,
  loses: (operation: Operation) => boolean = () => false,
  subject?: CycleSubject,
): Promise<Committed & { readonly kind: CycleKind }> {
  const stores = modelLinks(model, last);
  const connection = connectionTo(model, now, before);
  const prepared = await prepareCycle({
    connection,
    stores,
    credentials: noCredentials,
    kind,
    ...(subject === undefined ? {} : { subject }),
    now: NOW,
    signal: new AbortController().signal,
  });
  rememberInModel(model, prepared.memories);
  const unsettled: Operation[] = [];
  for (const operation of prepared.plan.operations) {
    if (loses(operation)) unsettled.push(operation);
    else if ((model.apply(operation).unresolved ?? []).length > 0) unsettled.push(operation);
  }
  return { baseline: prepared.baseline, unsettled, kind: prepared.plan.kind };
}

const nothing: Organisation = {};
const none: Committed = { baseline: undefined, unsettled: [] };

function full(model: ProviderModel, now: FilteredOrganisation): Preparation {
  return {
    connection: {
      rules: rulesFor(now),
      mapping: defaultMapping(),
      directory: directoryOf(now, now),
      provider: providerOf(model),
      credential: aSecret,
      target,
      tenant: 'contoso',
      concurrency: 2,
    },
    stores: modelLinks(model, none),
    credentials: noCredentials,
    kind: 'initial',
    now: NOW,
    signal: new AbortController().signal,
  };
}

async function remaining(model: ProviderModel, now: FilteredOrganisation): Promise<readonly string[]> {
  const { plan } = await prepareCycle(full(model, now));
  return plan.operations.map(({ key, reason }) => `${key} ${reason.text}`);
}

describe('incremental cycles', () => {
  test('leave nothing for a full cycle to do, whatever changed between them', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const model = new ProviderModel();
        let before = nothing;
        let last = none;
        for (const [index, now] of steps.entries()) {
          last = await runCycle(model, index === 0 ? 'initial' : 'incremental', now, before, last);
          before = now;
        }
        expect(await remaining(model, before)).toEqual([]);
        const active = [...model.links.values()].filter(
          (link: Link) => link.resource === 'account' && model.accounts.get(link.resourceId)?.active === true,
        );
        const holders = active.map(({ anchor }) => anchor);
        expect(entitledUsers(before)).toEqual(expect.arrayContaining(holders));
        expect(holders).toEqual(expect.arrayContaining([...mappableUsers(before)]));
      }),
    );
  });

  test('take up again what an earlier cycle could not settle', async () => {
    await fc.assert(
      fc.asyncProperty(organisation, organisation, fc.nat(3), async (first, second, lost) => {
        const model = new ProviderModel();
        const initial = await runCycle(model, 'initial', first, nothing, none);
        let count = 0;
        const failing = await runCycle(
          model,
          'incremental',
          second,
          first,
          initial,
          ({ wave }) => wave < 2 && count++ === lost,
        );
        const settled = await runCycle(model, 'incremental', second, second, failing);
        await runCycle(model, 'incremental', second, second, settled);
        expect(await remaining(model, second)).toEqual([]);
      }),
    );
  });

  test('leave nothing to do either where cycles on demand came between, which touch nobody else', async () => {
    const subject = fc.oneof(
      fc.constantFrom(...USERS).map((anchor) => ({ resource: 'user' as const, anchor, name: anchor })),
      fc.constantFrom(...GROUPS).map((anchor) => ({ resource: 'group' as const, anchor, name: anchor })),
    );
    await fc.assert(
      fc.asyncProperty(history, fc.array(subject, { minLength: 5, maxLength: 5 }), async (steps, subjects) => {
        const model = new ProviderModel();
        let before = nothing;
        let last = none;
        for (const [index, now] of steps.entries()) {
          const about = subjects[index];
          if (about === undefined) throw new Error('a subject for every step');
          const others = [...model.accounts.keys()].filter((id) => model.resolve(about.anchor) !== id);
          const state = () =>
            canonicalJson(others.map((id) => model.listAccounts().find((account) => account.id === id) ?? null));
          const was = state();
          await runCycle(model, 'on-demand', now, before, last, undefined, about);
          const served = mappableUsers(now).filter((user) => about.resource === 'user' && about.anchor === user);
          expect(served.filter((user) => model.resolve(user) === undefined)).toEqual([]);
          expect(about.resource === 'group' || state() === was).toBe(true);
          last = await runCycle(model, index === 0 ? 'initial' : 'incremental', now, before, last);
          before = now;
          expect(await remaining(model, now)).toEqual([]);
        }
      }),
    );
  });

  test('do not move on from changes that were read with gaps, nor from a user two reads disagree about', async () => {
    const model = new ProviderModel();
    const first: Organisation = {
      users: [aUser('u1')],
      assignments: [assignUser('u1')],
      whereabouts: { u1: 'present' },
    };
    const unfound: Organisation = { ...first, users: [], whereabouts: { u1: 'absent' } };
    const initial = await runCycle(model, 'initial', first, nothing, none);
    const prepare = (now: Organisation, gaps: readonly ReadGap[]) => {
      const connection = connectionTo(model, now, first);
      const directory: DirectorySource = {
        ...connection.directory,
        readMemberships: async () => ({ value: new Map(), gaps }),
      };
      return prepareCycle({
        connection: { ...connection, directory },
        stores: modelLinks(model, initial),
        credentials: noCredentials,
        kind: 'incremental',
        now: NOW,
        signal: new AbortController().signal,
      });
    };
    const whole = await prepare(first, []);
    expect(whole.baseline?.again).toEqual([]);
    const short = await prepare(first, [{ what: 'members of g1', expected: 2, found: 1 }]);
    expect(short.baseline).toBeUndefined();
    expect(short.verdict).toMatchObject({ refused: false, findings: [{ guard: 'incomplete-read', effect: 'warn' }] });
    const torn = await prepare(unfound, []);
    expect(torn.plan.operations).toEqual([]);
    expect(torn.baseline?.again).toEqual(['u1']);
    expect((await prepareCycle(full(model, unfound))).baseline?.again).toEqual(['u1']);
  });

  test('never take an account that belongs to somebody they do not look at', async () => {
    const model = new ProviderModel();
    const ada = aUser('ada');
    const first: Organisation = { users: [ada], assignments: [assignUser('ada')], whereabouts: { ada: 'present' } };
    const initial = await runCycle(model, 'initial', first, nothing, none);
    const twin = aUser('u1', { attributes: { userPrincipalName: 'ada@contoso.com' } });
    const second: Organisation = {
      users: [ada, twin],
      assignments: [assignUser('ada'), assignUser('u1')],
      whereabouts: { ada: 'present', u1: 'present' },
    };
    const { plan, verdict } = await prepareCycle({
      connection: connectionTo(model, second, first),
      stores: modelLinks(model, initial),
      credentials: noCredentials,
      kind: 'incremental',
      now: NOW,
      signal: new AbortController().signal,
    });
    expect(plan.operations.map(({ key }) => key)).toEqual(['1:account:create:u1']);
    expect([...heldOperations(verdict).values()]).toEqual(['matching-collision']);
  });

  test('become full ones when the configuration has changed since', async () => {
    const model = new ProviderModel();
    const initial = await runCycle(model, 'initial', nothing, nothing, none);
    const connection = connectionTo(model, nothing, nothing);
    expect(initial.baseline?.rulesDigest).toBe(connectionDigest(connection));
    expect(connectionDigest({ ...connection, tenant: 'elsewhere' })).not.toBe(connectionDigest(connection));
    expect(connectionDigest({ ...connection, target: 'https://elsewhere.example' })).not.toBe(
      initial.baseline?.rulesDigest,
    );
    const other = {
      ...initial,
      baseline: initial.baseline === undefined ? undefined : { ...initial.baseline, rulesDigest: 'other' },
    };
    expect((await runCycle(model, 'incremental', nothing, nothing, initial)).kind).toBe('incremental');
    expect((await runCycle(model, 'incremental', nothing, nothing, other)).kind).toBe('initial');
    expect((await runCycle(model, 'incremental', nothing, nothing, none)).kind).toBe('initial');
  });
});
