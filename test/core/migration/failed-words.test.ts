import { expect, test } from 'vitest';
import { failedWords } from '../../../src/core/migration/failed-words.ts';
import { DELETE_IT } from './builders.ts';

const failure = {
  code: 'WebExceptionProtocolError',
  message: 'acme: DELETE /Groups/{id} was answered 400',
  requestId: 'req-1',
  remedy: 'Mend it.',
};

test('M6: a refused operation is told with the answer and what to do, which is to resume and not to retry its escrow', () => {
  const words = failedWords('acme', [{ operation: DELETE_IT, failure }], 1);
  expect(words).toContain(
    'the provider refused 1 operation: delete SCIM group IT (acme: DELETE /Groups/{id} was answered 400, request id req-1). Mend it. Its own words: headgate escrow list -c acme. Nothing is sent again by itself; once it is mended, headgate migration resume acme tries again at once',
  );
  expect(words).not.toContain('escrow retry');
});

test('M6: the same advice is given once, and more than are told are counted', () => {
  const words = failedWords(
    'acme',
    [DELETE_IT, DELETE_IT].map((operation) => ({ operation, failure })),
    5,
  );
  expect(words).toContain('refused 5 operations');
  expect(words).toContain(', and 3 more.');
  expect(words.split('Mend it')).toHaveLength(2);
});
