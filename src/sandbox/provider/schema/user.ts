import { attribute, attributeTable, pluralAttribute } from './attribute.ts';

/** Core user schema, RFC 7643 section 8.7.1. `addresses.primary` is added: the RFC's own figures use it. */
export const userAttributes = attributeTable([
  attribute('userName', { required: true, uniqueness: 'server' }),
  attribute('name', { type: 'complex' }, [
    attribute('formatted'),
    attribute('familyName'),
    attribute('givenName'),
    attribute('middleName'),
    attribute('honorificPrefix'),
    attribute('honorificSuffix'),
  ]),
  attribute('displayName'),
  attribute('nickName'),
  attribute('profileUrl', { type: 'reference', referenceTypes: ['external'] }),
  attribute('title'),
  attribute('userType'),
  attribute('preferredLanguage'),
  attribute('locale'),
  attribute('timezone'),
  attribute('active', { type: 'boolean' }),
  attribute('password', { mutability: 'writeOnly', returned: 'never' }),
  pluralAttribute('emails', ['work', 'home', 'other']),
  pluralAttribute('phoneNumbers', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
  pluralAttribute('ims', ['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo']),
  pluralAttribute('photos', ['photo', 'thumbnail'], { type: 'reference', referenceTypes: ['external'] }),
  attribute('addresses', { type: 'complex', multiValued: true }, [
    attribute('formatted'),
    attribute('streetAddress'),
    attribute('locality'),
    attribute('region'),
    attribute('postalCode'),
    attribute('country'),
    attribute('type', { canonicalValues: ['work', 'home', 'other'] }),
    attribute('primary', { type: 'boolean' }),
  ]),
  attribute('groups', { type: 'complex', multiValued: true, mutability: 'readOnly' }, [
    attribute('value', { mutability: 'readOnly', caseExact: true }),
    attribute('$ref', {
      type: 'reference',
      mutability: 'readOnly',
      caseExact: true,
      referenceTypes: ['User', 'Group'],
    }),
    attribute('display', { mutability: 'readOnly' }),
    attribute('type', { mutability: 'readOnly', canonicalValues: ['direct', 'indirect'] }),
  ]),
  pluralAttribute('entitlements', []),
  pluralAttribute('roles', []),
  pluralAttribute('x509Certificates', [], { type: 'binary', caseExact: true }),
]);

/** Enterprise user extension, RFC 7643 section 8.7.1. Its attributes live under the extension's URN. */
export const enterpriseUserAttributes = attributeTable([
  attribute('employeeNumber'),
  attribute('costCenter'),
  attribute('organization'),
  attribute('division'),
  attribute('department'),
  attribute('manager', { type: 'complex' }, [
    attribute('value', { caseExact: true }),
    attribute('$ref', { type: 'reference', caseExact: true, referenceTypes: ['User'] }),
    attribute('displayName', { mutability: 'readOnly' }),
  ]),
]);
