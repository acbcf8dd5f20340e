import { describe, expect, test } from 'vitest';
import { skipChanges, type Skip } from '../../src/core/skip.ts';

function aSkip(anchor: string, changes: Partial<Skip> = {}): Skip {
  return {
    resource: 'account',
    anchor,
    name: `${anchor}@contoso.com`,
    code: 'NotEffectivelyEntitled',
    text: 'sign-in is blocked',
    ...changes,
  };
}

const ada = aSkip('ada');
const bob = aSkip('bob');

describe('of those a cycle passed over', () => {
  test.each<
    [rule: string, known: readonly Skip[], skipped: readonly Skip[], told: readonly Skip[], over: readonly Skip[]]
  >([
    ['everybody is told of the first time', [], [ada, bob], [ada, bob], []],
    ['who was told of with the same reason is not told of again', [ada], [ada, bob], [bob], []],
    [
      'who has another reason by now is told of again, in place of the old one',
      [ada],
      [aSkip('ada', { code: 'MissingValues' })],
      [aSkip('ada', { code: 'MissingValues' })],
      [ada],
    ],
    [
      'the same code with other words is another reason',
      [ada],
      [aSkip('ada', { text: 'left out' })],
      [aSkip('ada', { text: 'left out' })],
      [ada],
    ],
    [
      'who was renamed is told of under the new name',
      [ada],
      [aSkip('ada', { name: 'ada.king@contoso.com' })],
      [aSkip('ada', { name: 'ada.king@contoso.com' })],
      [ada],
    ],
    ['who is passed over no more is over, and nothing is told', [ada, bob], [bob], [], [ada]],
    [
      'a user and a group of one id are two',
      [ada],
      [aSkip('ada', { resource: 'group' })],
      [aSkip('ada', { resource: 'group' })],
      [ada],
    ],
  ])('%s', (_rule, known, skipped, told, over) => {
    expect(skipChanges(known, { skipped, tellAll: false })).toEqual({ told, over });
  });

  test('everybody is told of again where somebody asked for them by name', () => {
    expect(skipChanges([ada], { skipped: [ada, bob], tellAll: true })).toEqual({ told: [ada, bob], over: [ada] });
  });
});
