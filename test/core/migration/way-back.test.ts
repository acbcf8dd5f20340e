import { describe, expect, test } from 'vitest';
import type { MigrationEngine, MigrationKind, MigrationResult } from '../../../src/core/migration/migration.ts';
import { wayBack } from '../../../src/core/migration/way-back.ts';
import { aSurvey } from './builders.ts';

function after(result: MigrationResult, kind: MigrationKind = 'remove-groups', engine: MigrationEngine = 'headgate') {
  const ended = { result, text: '', at: 0, frozen: false, lost: [] };
  return wayBack({ connection: 'acme', kind, engine, before: aSurvey(kind), ended });
}

describe('the way back by hand', () => {
  test.each<MigrationResult>(['aborted', 'rolled-back'])('is none of a migration that was %s', (result) => {
    expect(after(result)).toBeUndefined();
  });

  test('is none before its end', () => {
    expect(
      wayBack({ connection: 'acme', kind: 'remove-groups', engine: 'headgate', before: aSurvey() }),
    ).toBeUndefined();
  });

  test.each<[MigrationKind, MigrationEngine, RegExp]>([
    [
      'remove-groups',
      'headgate',
      /^assign IT.* again to .* in Entra\. The next cycle makes the SCIM groups anew, with other ids/,
    ],
    ['remove-groups', 'entra', /^assign IT.* again to .* in Entra\. Entra's next cycle makes the SCIM groups anew/],
    [
      'disable-scim',
      'headgate',
      /^generate a new token .*another name.* instead of acme.*To have the groups again: assign IT/,
    ],
    [
      'disable-scim',
      'entra',
      /^generate a new token .*enter it in Entra's provisioning of .*start provisioning there\. .*assign IT/,
    ],
  ])('from %s with the engine %s', (kind, engine, says) => {
    expect(after('succeeded', kind, engine)).toMatch(says);
  });

  test('names the role a group had, unless the application declares none', () => {
    const before = aSurvey();
    const groups = before.groups.map((group) => ({ ...group, assignments: [{ id: 'a', roleId: 'r-admin' }] }));
    const none = before.groups.map((group) => ({
      ...group,
      assignments: [{ id: 'a', roleId: '00000000-0000-0000-0000-000000000000' }],
    }));
    const ended = { result: 'succeeded', text: '', at: 0, frozen: false, lost: [] } as const;
    const asked = { connection: 'acme', kind: 'remove-groups', engine: 'headgate', ended } as const;
    expect(wayBack({ ...asked, before: { ...before, groups } })).toMatch(/^assign IT \(role r-admin\) again/);
    expect(wayBack({ ...asked, before: { ...before, groups: none } })).toMatch(/^assign IT again/);
  });
});
