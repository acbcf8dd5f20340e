import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectionRules } from '../../../src/core/connection.ts';
import { planCycle, type Planned } from '../../../src/core/planning/plan-cycle.ts';
import { aPlanInput, NOW, thePolicy } from '../../builders.ts';
import { rememberInModel } from '../../provisioning/model-links.ts';
import {
  entitledUsers,
  filteredOrganisation as organisation,
  scopeUnder,
  USERS,
  type FilteredOrganisation as Organisation,
} from './organisations.ts';
import { ProviderModel } from './provider-model.ts';

const DAY = 86_400_000;
const delay = fc.integer({ min: 0, max: 6 }).map((days) => days * DAY);
const policy = fc
  .record({
    unassigned: fc.tuple(fc.constantFrom('disable', 'delete', 'keep'), delay),
    disabled: fc.tuple(fc.constantFrom('disable', 'keep'), delay),
    hardDeleted: fc.tuple(fc.constant('delete'), delay),
    filtered: fc.tuple(fc.constantFrom('disable', 'delete', 'keep'), delay),
  })
  .map(thePolicy);
/** What the directory looks like over time, a step of some days each. */
const history = fc.array(fc.tuple(organisation, fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 8 });

type Policy = ConnectionRules['deprovision'];

function run(model: ProviderModel, now: Organisation, at: number, deprovision: Policy): Planned {
  const planned = planCycle(
    aPlanInput(now, {
      links: [...model.links.values()],
      provider: { accounts: model.listAccounts(), groups: model.listGroups() },
      rules: { deprovision, ...scopeUnder(now) },
      now: at,
    }),
  );
  rememberInModel(model, planned.memories);
  for (const operation of planned.plan.operations) model.apply(operation);
  return planned;
}

const removed = ({ plan: { operations } }: Planned) =>
  operations.flatMap((operation) =>
    operation.resource === 'account' && (operation.kind === 'disable' || operation.kind === 'delete')
      ? [operation]
      : [],
  );

describe('delays, for any policy and any history', () => {
  test('an entitled user is never removed, and no account before its user had been out for the whole delay', () => {
    fc.assert(
      fc.property(policy, history, (deprovision, steps) => {
        const model = new ProviderModel();
        const outSince = new Map<string, number>();
        let at = NOW;
        for (const [now, days] of steps) {
          at += days * DAY;
          const entitled = entitledUsers(now);
          for (const user of USERS) {
            if (entitled.includes(user)) outSince.delete(user);
            else if (!outSince.has(user)) outSince.set(user, at);
          }
          for (const { anchor, cause } of removed(run(model, now, at, deprovision))) {
            expect(entitled).not.toContain(anchor);
            expect(at - (outSince.get(anchor) ?? at)).toBeGreaterThanOrEqual(deprovision[cause].afterMs);
          }
        }
      }),
    );
  });

  test('what was announced for a user who stays away is not put off', () => {
    fc.assert(
      fc.property(policy, organisation, history, (deprovision, first, steps) => {
        const model = new ProviderModel();
        const announced = new Map<string, number>();
        let at = NOW;
        run(model, first, at, deprovision);
        for (const [now, days] of steps) {
          at += days * DAY;
          const planned = run(model, { ...now, assignments: [], groups: {} }, at, deprovision);
          for (const [anchor, dueAt] of announced) {
            const still = planned.waiting.find((removal) => removal.anchor === anchor);
            const isActive = model.link('account', anchor)?.state === 'active';
            expect({ anchor, kept: isActive && (at >= dueAt || (still?.dueAt ?? Infinity) > dueAt) }).toEqual({
              anchor,
              kept: false,
            });
          }
          announced.clear();
          for (const { resource, anchor, action, dueAt } of planned.waiting)
            if (resource === 'account' && action === 'disable') announced.set(anchor, dueAt);
        }
      }),
    );
  });

  test('whoever is deleted for good loses the account once the delay is over, whatever happened before', () => {
    fc.assert(
      fc.property(policy, history, (deprovision, steps) => {
        const model = new ProviderModel();
        let at = NOW;
        for (const [now, days] of steps) run(model, now, (at += days * DAY), deprovision);
        const nobody: Organisation = {
          whereabouts: Object.fromEntries(USERS.map((user) => [user, 'absent'] as const)),
        };
        run(model, nobody, at, deprovision);
        run(model, nobody, at + deprovision.hardDeleted.afterMs, deprovision);
        expect(
          [...model.links.values()].filter(({ resource, state }) => resource === 'account' && state !== 'deleted'),
        ).toEqual([]);
        expect(model.accounts.size).toBe(0);
      }),
    );
  });

  test('as time passes without a change, all that is left to do is done once', () => {
    fc.assert(
      fc.property(policy, history, (deprovision, steps) => {
        const model = new ProviderModel();
        let at = NOW;
        for (const [now, days] of steps) run(model, now, (at += days * DAY), deprovision);
        const [last] = steps.at(-1) ?? [];
        if (last === undefined) return;
        run(model, last, at + 10 * DAY, deprovision);
        const after = run(model, last, at + 20 * DAY, deprovision);
        expect(after.plan.operations).toEqual([]);
        expect(after.waiting).toEqual([]);
        expect(run(model, last, at + 30 * DAY, deprovision).memories).toEqual([]);
      }),
    );
  });
});
