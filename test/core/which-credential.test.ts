import { describe, expect, test } from 'vitest';
import { whichCredential } from '../../src/core/which-credential.ts';
import { aCredential } from '../builders.ts';

const acme = aCredential({ id: '0a', connection: 'acme', fingerprint: 'abcd1111' });
const beta = aCredential({ id: '0b', connection: 'beta', fingerprint: 'abcd1111', state: 'retiring' });
const other = aCredential({ id: '0c', connection: 'beta', fingerprint: 'abcd2222' });
const all = [acme, beta, other];

describe('a token is named', () => {
  test.each([
    { rule: 'by its id', reference: '0b', connection: undefined, found: beta },
    { rule: 'by as much of its fingerprint as no other has', reference: 'abcd2', connection: undefined, found: other },
    { rule: 'with its connection where two have it', reference: 'abcd1111', connection: 'beta', found: beta },
    { rule: 'with its connection where that has one alone', reference: 'abcd', connection: 'acme', found: acme },
  ])('$rule', ({ reference, connection, found }) => {
    expect(whichCredential(all, reference, connection)).toBe(found);
  });
});

describe('a token is not guessed', () => {
  test.each([
    {
      rule: 'where two connections have the same',
      asked: ['abcd1111'] as const,
      says: '"abcd1111" may be abcd1111 of acme (active), abcd1111 of beta (retiring)',
      remedy: 'say which: -c acme or -c beta.',
    },
    {
      rule: 'where several begin so',
      asked: ['abcd'] as const,
      says: '"abcd" may be abcd1111 of acme (active), abcd1111 of beta (retiring), abcd2222 of beta (active)',
      remedy: 'say which: -c acme or -c beta, or give more of the fingerprint.',
    },
    {
      rule: 'where several of the connection begin so',
      asked: ['abcd', 'beta'] as const,
      says: '"abcd" may be abcd1111 of beta (retiring), abcd2222 of beta (active)',
      remedy: 'give more of the fingerprint.',
    },
    {
      rule: 'where the connection has none',
      asked: ['abcd2222', 'acme'] as const,
      says: 'no credential of "acme" has the fingerprint "abcd2222"',
      remedy: 'see them with: headgate token list',
    },
  ])('$rule, and the choices are named', ({ asked: [reference, connection], says, remedy }) => {
    expect(() => whichCredential(all, reference, connection)).toThrow(
      expect.objectContaining({ message: says, facts: { remedy } }),
    );
  });
});
