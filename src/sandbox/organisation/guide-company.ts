import { assignmentId } from './changes.ts';
import { FOUNDED } from './generate.ts';
import type { AppRoleDefinition, OrganisationState, ServicePrincipal, TenantUser } from './model.ts';
import { createOrganisation, type Organisation } from './organisation.ts';

const ROLE: AppRoleDefinition = {
  id: '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90001',
  value: 'User',
  displayName: 'User',
  description: 'Users of Uniqkey',
  isEnabled: true,
  allowedMemberTypes: ['User'],
};

const UNIQKEY: ServicePrincipal = {
  id: '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90002',
  appId: '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90003',
  displayName: 'Uniqkey',
  appRoles: [ROLE],
  properties: { createdDateTime: FOUNDED },
};

const IT_GROUP = '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90004';
const DOMAIN = 'testcompany.example';

function infoTest(number: 1 | 2 | 3): TenantUser {
  const address = `info.test${number}@${DOMAIN}`;
  return {
    id: `0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d9001${number}`,
    managerId: null,
    properties: {
      displayName: `Info Test${number}`,
      givenName: 'Info',
      surname: `Test${number}`,
      userPrincipalName: address,
      mail: address,
      mailNickname: `info.test${number}`,
      accountEnabled: true,
      userType: 'Member',
      createdDateTime: FOUNDED,
    },
  };
}

/**
 * The test company of the guide "Disable SCIM and remove groups": Info Test1 and Info Test3 reach Uniqkey only through
 * the group IT, which is to be removed without losing them. Info Test2 is a colleague who has no access.
 */
export function guideState(): OrganisationState {
  const users = [infoTest(1), infoTest(2), infoTest(3)];
  const members = users.filter((_, index) => index !== 1).map((user) => user.id);
  return {
    tenantId: '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90000',
    domain: DOMAIN,
    users,
    deletedUsers: [],
    groups: [
      {
        id: IT_GROUP,
        properties: {
          displayName: 'IT',
          mailNickname: 'it',
          mailEnabled: false,
          securityEnabled: true,
          groupTypes: [],
          createdDateTime: FOUNDED,
        },
        members,
      },
    ],
    servicePrincipals: [UNIQKEY],
    assignments: [
      {
        id: assignmentId(IT_GROUP, UNIQKEY.id, ROLE.id),
        principalId: IT_GROUP,
        principalType: 'Group',
        resourceId: UNIQKEY.id,
        appRoleId: ROLE.id,
        createdDateTime: FOUNDED,
      },
    ],
  };
}

/** {@link guideState}, live. */
export function guideCompany(now?: () => number): Organisation {
  return createOrganisation(guideState(), now);
}
