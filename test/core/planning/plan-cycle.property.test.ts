import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planCycle, type Planned } from '../../../src/core/planning/plan-cycle.ts';
import { aPlanInput } from '../../builders.ts';
import {
  entitledUsers,
  filteredOrganisation as organisation,
  mappableUsers,
  scopeUnder,
  type FilteredOrganisation as Organisation,
} from './organisations.ts';
import { ProviderModel } from './provider-model.ts';

function planAgainst(model: ProviderModel, now: Organisation): Planned {
  return planCycle(
    aPlanInput(now, {
      links: [...model.links.values()],
      provider: { accounts: model.listAccounts(), groups: model.listGroups() },
      rules: scopeUnder(now),
    }),
  );
}

function exportAll(model: ProviderModel, { plan }: Planned): void {
  for (const operation of plan.operations) model.apply(operation);
}

/** A model that holds what earlier organisations left behind, strangers included. */
function modelAfter(history: readonly Organisation[]): ProviderModel {
  const model = new ProviderModel();
  model.accounts.set('stranger', { attributes: new Map([['userName', 'stranger@elsewhere.com']]), active: true });
  model.groups.set('their-group', { displayName: 'Theirs', externalId: 'not-ours', members: new Set(['stranger']) });
  for (const past of history) exportAll(model, planAgainst(model, past));
  return model;
}

describe('planning, for any organisation and any history', () => {
  test('a user who is entitled is never disabled or deleted, and keeps an active account', () => {
    fc.assert(
      fc.property(fc.array(organisation, { maxLength: 3 }), organisation, (history, now) => {
        const model = modelAfter(history);
        const planned = planAgainst(model, now);
        const entitled = entitledUsers(now);
        const removed = planned.plan.operations.filter(
          ({ resource, kind }) => resource === 'account' && (kind === 'disable' || kind === 'delete'),
        );
        expect(removed.filter(({ anchor }) => entitled.includes(anchor))).toEqual([]);
        exportAll(model, planned);
        for (const anchor of mappableUsers(now))
          expect(model.accounts.get(model.resolve(anchor) ?? '')?.active).toBe(true);
      }),
    );
  });

  test('a plan applied to the provider leads to what is desired: a second plan has nothing to do', () => {
    fc.assert(
      fc.property(fc.array(organisation, { maxLength: 3 }), organisation, (history, now) => {
        const model = modelAfter(history);
        exportAll(model, planAgainst(model, now));
        expect(planAgainst(model, now).plan.operations).toEqual([]);
      }),
    );
  });

  test('only entitled users keep active accounts, and groups hold exactly their entitled members', () => {
    fc.assert(
      fc.property(fc.array(organisation, { maxLength: 3 }), organisation, (history, now) => {
        const model = modelAfter(history);
        exportAll(model, planAgainst(model, now));
        const entitled = entitledUsers(now);
        const others = [...model.links.values()].filter(
          ({ resource, anchor }) => resource === 'account' && !entitled.includes(anchor),
        );
        expect(others.filter(({ resourceId }) => model.accounts.get(resourceId)?.active === true)).toEqual([]);
        for (const [id, group] of Object.entries(now.groups ?? {})) {
          const members = (group.users ?? [])
            .filter((member) => entitled.includes(member))
            .flatMap((member) => model.resolve(member) ?? []);
          expect([...(model.groups.get(model.resolve(id) ?? '')?.members ?? [])].sort()).toEqual(members.sort());
        }
      }),
    );
  });

  test('scoping filters only ever narrow the scope, and leave the groups as they are', () => {
    fc.assert(
      fc.property(organisation, ({ filtering, ...everybody }) => {
        const narrow = planAgainst(new ProviderModel(), {
          ...everybody,
          ...(filtering === undefined ? {} : { filtering }),
        });
        const wide = planAgainst(new ProviderModel(), everybody);
        const created = ({ plan }: Planned, what: 'account' | 'group') =>
          plan.operations
            .filter(({ resource, kind }) => resource === what && kind === 'create')
            .map(({ anchor }) => anchor);
        expect(created(wide, 'account')).toEqual(expect.arrayContaining(created(narrow, 'account')));
        expect(created(narrow, 'group')).toEqual(created(wide, 'group'));
      }),
    );
  });

  test('what Headgate never linked is never touched', () => {
    fc.assert(
      fc.property(fc.array(organisation, { minLength: 1, maxLength: 3 }), (history) => {
        const model = modelAfter(history);
        expect(model.touched).not.toContain('stranger');
        expect(model.touched).not.toContain('their-group');
        expect(model.accounts.get('stranger')?.active).toBe(true);
        expect([...(model.groups.get('their-group')?.members ?? [])]).toEqual(['stranger']);
      }),
    );
  });

  test('the same input gives the same bytes, in whatever order it was read', () => {
    fc.assert(
      fc.property(fc.array(organisation, { maxLength: 2 }), organisation, (history, now) => {
        const model = modelAfter(history);
        const shuffled: Organisation = {
          ...now,
          users: now.users?.toReversed() ?? [],
          assignments: now.assignments?.toReversed() ?? [],
          groups: Object.fromEntries(Object.entries(now.groups ?? {}).toReversed()),
        };
        expect(planAgainst(model, shuffled).plan.digest).toBe(planAgainst(model, now).plan.digest);
      }),
    );
  });

  test('no two operations of one wave touch the same resource', () => {
    fc.assert(
      fc.property(fc.array(organisation, { maxLength: 2 }), organisation, (history, now) => {
        const { plan } = planAgainst(modelAfter(history), now);
        const places = plan.operations.map(({ wave, resource, anchor }) => `${wave}:${resource}:${anchor}`);
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });
});
