import { describe, expect, test } from 'vitest';
import { judgeMigration } from '../../../src/core/migration/plan-guard.ts';
import type { ChangeMembers } from '../../../src/core/operation.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import { aUser, assignUser } from '../../builders.ts';
import { DELETE_IT, guide } from './builders.ts';

/** Ann may not sign in any more, and IT is not assigned: a disable, another change and the delete of its group are due. */
const { plan } = planCycle(
  guide({
    users: [aUser('ann', { enabled: false }), aUser('ben')],
    assignments: [assignUser('ann'), assignUser('ben')],
  }),
);
const ANN = { anchor: 'ann', resourceId: 'u/ann' };
const MEMBERS: ChangeMembers = {
  ...DELETE_IT,
  kind: 'members',
  key: '3:group:members:it',
  wave: 3,
  reason: { code: 'members-differ', text: 'members changed' },
  add: [],
  remove: [],
};
const own = { id: 'm1', groups: ['it'] } as const;
const keys = (wanted: (kind: string) => boolean) =>
  plan.operations.filter(({ kind }) => wanted(kind)).map(({ key }) => key);

describe('the guard of a migration', () => {
  test('refuses a plan that takes access from somebody while it goes forward', () => {
    expect(plan.operations.map(({ resource, kind }) => `${resource} ${kind}`).toSorted()).toEqual([
      'account disable',
      'account update',
      'group delete',
    ]);
    expect(judgeMigration(plan, { ...own, mode: 'forward' })).toMatchObject([
      { effect: 'refuse', message: expect.stringContaining('ann') },
    ]);
  });

  test('M9: holds it on the way back, with every delete, and lets everything else through: a leaver bars nobody else', () => {
    expect(judgeMigration(plan, { ...own, mode: 'rollback' })).toMatchObject([
      { effect: 'hold', operations: keys((kind) => kind === 'disable' || kind === 'delete') },
    ]);
  });

  test.each<readonly [string, Partial<ChangeMembers>, boolean]>([
    ['takes nobody out of another group', { anchor: 'hr', remove: [ANN] }, true],
    [
      'puts nobody into another group where the same request takes somebody out',
      { anchor: 'hr', add: ['ben'], remove: [ANN] },
      true,
    ],
    ['puts people into another group', { anchor: 'hr', add: ['ben'] }, false],
    ['brings members back into its own groups although somebody has left them', { add: ['ben'], remove: [ANN] }, false],
  ])('M9: on the way back a cycle %s', (_, change, isHeld) => {
    const operation = { ...MEMBERS, ...change };
    const findings = judgeMigration({ ...plan, operations: [operation] }, { ...own, mode: 'rollback' });
    expect(findings.flatMap(({ operations }) => operations)).toEqual(isHeld ? [operation.key] : []);
  });

  test('says nothing of a cycle that is no migration’s', () => {
    expect(judgeMigration(plan, undefined)).toEqual([]);
  });
});
