import type { AttributeMapping } from './attribute-mapping.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function direct(source: string, target: string): AttributeMapping {
  return { kind: 'direct', source, target };
}

function expression(text: string, target: string): AttributeMapping {
  return { kind: 'expression', expression: text, target };
}

/**
 * The attributes Entra maps by default for an application outside its gallery, with the property names of Microsoft
 * Graph (Learn: use-scim-to-provision-users-and-groups, tables of default user attribute mappings). Left out is what
 * providers like to compute themselves (`name.formatted`), because it would differ after every cycle.
 * Headgate's own link is the anchor, whatever `externalId` is mapped from; SCIM groups always carry the directory
 * group's object id there and are not mapped.
 */
export const DEFAULT_MAPPING: readonly AttributeMapping[] = [
  { ...direct('userPrincipalName', 'userName'), match: 1 },
  expression('Switch([IsSoftDeleted], , "False", "True", "True", "False")', 'active'),
  direct('displayName', 'displayName'),
  direct('jobTitle', 'title'),
  direct('mail', 'emails[type eq "work"].value'),
  direct('givenName', 'name.givenName'),
  direct('surname', 'name.familyName'),
  direct('officeLocation', 'addresses[type eq "work"].formatted'),
  direct('streetAddress', 'addresses[type eq "work"].streetAddress'),
  direct('city', 'addresses[type eq "work"].locality'),
  direct('state', 'addresses[type eq "work"].region'),
  direct('postalCode', 'addresses[type eq "work"].postalCode'),
  direct('country', 'addresses[type eq "work"].country'),
  expression('Item([businessPhones], 1)', 'phoneNumbers[type eq "work"].value'),
  direct('mobilePhone', 'phoneNumbers[type eq "mobile"].value'),
  direct('faxNumber', 'phoneNumbers[type eq "fax"].value'),
  direct('mailNickname', 'externalId'),
  direct('employeeId', `${ENTERPRISE}:employeeNumber`),
  direct('department', `${ENTERPRISE}:department`),
  direct('manager', `${ENTERPRISE}:manager`),
];
