import { describe, expect, test } from 'vitest';
import { createPaint } from '../../src/cli/render/paint.ts';
import { renderDrift } from '../../src/cli/render/drift.ts';
import { countDrift, listDrift, MOST_LISTED, type DriftFinding, type DriftReport } from '../../src/core/drift.ts';
import { testIo } from './builders.ts';

const paint = createPaint(testIo().stdout, false);

function finding(changes: Partial<DriftFinding> = {}): DriftFinding {
  const text = 'somebody deactivated ada in the application by hand';
  return { kind: 'account-deactivated', name: 'ada', certain: true, text, next: 'it is reactivated', ...changes };
}

function report(findings: readonly DriftFinding[], rest: Partial<DriftReport> = {}): DriftReport {
  const facts = {
    connection: 'acme',
    cycle: 'c-1',
    at: Date.UTC(2026, 10, 22),
    policy: 'enforce',
    pending: 0,
  } as const;
  return { ...facts, counts: countDrift(findings), findings: listDrift(findings), doubts: [], ...rest };
}

describe('headgate drift show', () => {
  test('says when nothing was changed by hand, and when that was found', () => {
    expect(renderDrift(report([]), paint)).toBe(
      'Connection acme: nothing was changed by hand, as of 2026-11-22 00:00:00Z (cycle c-1; drift: enforce)',
    );
  });

  test('groups findings by kind, each with what it means, what differs and what follows', () => {
    const changes = [{ path: 'active', before: false, after: true }];
    const shown = renderDrift(report([finding({ changes }), finding({ kind: 'unknown-account', name: 'x' })]), paint);
    expect(shown.split('\n')).toEqual([
      'Connection acme: 1 change by hand, as of 2026-11-22 00:00:00Z (cycle c-1; drift: enforce)',
      '',
      '  deactivated by hand: 1',
      '    somebody deactivated ada in the application by hand',
      '      active: false instead of true',
      '      it is reactivated',
      '',
      "  accounts that are not Headgate's: 1",
      '    somebody deactivated ada in the application by hand',
      '      it is reactivated',
      '',
      'What cycles have done since is not in it; to look again: headgate cycle start -c acme --audit --wait',
    ]);
  });

  test('shows some of many and says how many there are, doubts and what is still to come', () => {
    const many = Array.from({ length: 60 }, (_, index) => finding({ name: `user${index}` }));
    const shown = renderDrift(report(many, { doubts: ['totalResults was 9'], pending: 2 }), paint);
    expect(shown).toContain('… and 10 more');
    expect(shown).toContain('doubt: totalResults was 9');
    expect(shown).toContain('2 operations for changes of the directory will be carried out by the next full cycle');
  });

  test('cannot be made to move the cursor by a name', () => {
    expect(renderDrift(report([finding({ text: 'a\u001b[2Jb' })]), paint)).not.toContain('\u001b');
  });
});

describe('a report', () => {
  test('lists a thousand findings of each kind in the order of names, and counts them all', () => {
    const many = Array.from({ length: MOST_LISTED + 5 }, (_, index) =>
      finding({ kind: 'unknown-account', name: String(9999 - index) }),
    );
    const { counts, findings } = report([...many, finding()]);
    expect(counts).toMatchObject({ 'unknown-account': MOST_LISTED + 5, 'account-deactivated': 1, 'group-deleted': 0 });
    expect(findings).toHaveLength(MOST_LISTED + 1);
    expect(findings.slice(0, 2).map(({ name }) => name)).toEqual(['ada', String(9999 - MOST_LISTED - 4)]);
  });
});
