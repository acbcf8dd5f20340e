import { describe, expect, test } from 'vitest';
import { NEEDED_PERMISSIONS, permissionsOf, requireHarmless } from '../../../src/adapters/entra/token-permissions.ts';

/** What every app-only token of a tenant may carry: the role of a plain member. */
const PLAIN = '0997a1d0-0d1d-4acb-b408-d5ca73121e90';

function token(claims: Readonly<Record<string, unknown>>): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode(claims)}.signature`;
}

function refusal(claims: Readonly<Record<string, unknown>>): string {
  try {
    requireHarmless(token(claims), 'writer');
    return 'taken';
  } catch (error) {
    return String(error);
  }
}

describe('the token of the migration identity', () => {
  test('with what a migration needs is taken, also with the role every application has', () => {
    expect(refusal({ roles: NEEDED_PERMISSIONS })).toBe('taken');
    expect(refusal({ roles: NEEDED_PERMISSIONS, wids: [PLAIN] })).toBe('taken');
    expect(permissionsOf(token({ roles: NEEDED_PERMISSIONS }))).toEqual(NEEDED_PERMISSIONS);
  });

  test.each([
    'User.DeleteRestore.All',
    'User.EnableDisableAccount.All',
    'RoleManagement.ReadWrite.Directory',
    'Application.ReadWrite.All',
    'RoleAssignmentSchedule.ReadWrite.Directory',
    'RoleEligibilitySchedule.ReadWrite.Directory',
  ])('with %s is refused by name', (permission) => {
    expect(refusal({ roles: [...NEEDED_PERMISSIONS, permission] })).toContain(`holds ${permission}: `);
  });

  test.each([
    ['fe930be7-5e62-47db-91af-98c3a49a38b1', 'User Administrator'],
    ['62e90394-69f5-4237-9190-012177145e10', 'Global Administrator'],
    ['e8611ab8-c189-46e8-94e1-60213ab1f814', 'Privileged Role Administrator'],
    ['7be44c8a-adaf-4e2a-84d6-ab2649e08a13', 'Privileged Authentication Administrator'],
  ])('with the directory role %s is refused as %s', (wid, name) => {
    expect(refusal({ roles: NEEDED_PERMISSIONS, wids: [PLAIN, wid.toUpperCase()] })).toContain(`the role ${name}`);
  });

  test('that cannot be read is refused', () => {
    expect(() => requireHarmless('opaque', 'writer')).toThrow('does not say what it may do');
  });
});
