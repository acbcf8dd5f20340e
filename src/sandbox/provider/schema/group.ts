import { attribute, attributeTable } from './attribute.ts';

/**
 * Core group schema, RFC 7643 sections 4.2 and 8.7.1. `displayName` is required as 4.2 says in words (the schema in 8.7.1
 * says false), and `members.display` exists as in the RFC's figures.
 */
export const groupAttributes = attributeTable([
  attribute('displayName', { required: true }),
  attribute('members', { type: 'complex', multiValued: true }, [
    attribute('value', { mutability: 'immutable', caseExact: true }),
    attribute('$ref', {
      type: 'reference',
      mutability: 'immutable',
      caseExact: true,
      referenceTypes: ['User', 'Group'],
    }),
    attribute('type', { mutability: 'immutable', canonicalValues: ['User', 'Group'] }),
    attribute('display', { mutability: 'readOnly' }),
  ]),
]);
