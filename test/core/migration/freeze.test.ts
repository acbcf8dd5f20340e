import { describe, expect, test } from 'vitest';
import { freezeReason, frozenBecause, thawedReason } from '../../../src/core/migration/migration.ts';
import {
  pausedBefore,
  waitingForCredential,
  waitsForCredential,
  withoutCredentialWait,
} from '../../../src/core/pause-reason.ts';

const FROZEN = freezeReason('m1', 'aborted', 'Ann is gone', undefined);
const ROTATED = waitingForCredential('the token is being rotated');

describe('the freeze of a connection', () => {
  test.each([
    ['nothing', undefined],
    ['a new token', ROTATED],
    ['what a person has said', 'audit (by ada)'],
    ['the freeze of another migration', freezeReason('m0', 'rolled-back', 'Ben is gone', 'audit (by ada)')],
  ])('where it was paused for %s that stands behind, and stays once the freeze is lifted', (_, before) => {
    const reason = freezeReason('m1', 'aborted', 'Ann is gone', before);
    expect(reason.startsWith(FROZEN)).toBe(true);
    expect(frozenBecause('m1', reason)).toBe('Ann is gone');
    expect(thawedReason('m1', reason)).toBe(before);
    expect(waitsForCredential(reason)).toBe(false);
  });

  test('keeps nothing behind that a new token has ended meanwhile', () => {
    for (const before of [ROTATED, pausedBefore('audit (by ada)', ROTATED)]) {
      const reason = withoutCredentialWait(freezeReason('m1', 'aborted', 'Ann is gone', before));
      expect(frozenBecause('m1', reason)).toBe('Ann is gone');
      expect(thawedReason('m1', reason)).toBe(before === ROTATED ? undefined : 'audit (by ada)');
    }
  });

  test('told again it is the same, and told anew it keeps what was before all', () => {
    const once = freezeReason('m1', 'aborted', 'Ann is gone', ROTATED);
    expect(freezeReason('m1', 'aborted', 'Ann is gone', once)).toBe(once);
    expect(thawedReason('m1', freezeReason('m1', 'rolled-back', 'Ben is gone', once))).toBe(ROTATED);
  });

  test('of another migration is none of this one, and stays', () => {
    expect(frozenBecause('m2', FROZEN)).toBeUndefined();
    expect(thawedReason('m2', FROZEN)).toBe(FROZEN);
  });
});
