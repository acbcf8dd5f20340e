import { describe, expect, test } from 'vitest';
import type { CycleResult } from '../../src/core/cycle.ts';
import type { Credential } from '../../src/core/credential.ts';
import { nextRotationStep, provesCredential, type RotationFacts } from '../../src/core/rotation.ts';
import { aCredential } from '../builders.ts';

const candidate = aCredential({ id: 'new', state: 'candidate' });
const old = aCredential({ id: 'old', state: 'retiring' });
const unproven = aCredential({ id: 'new' });
const proven = aCredential({ id: 'new', provenBy: 'c1' });

interface Row {
  readonly rule: string;
  readonly credentials: readonly Credential[];
  readonly facts?: Partial<RotationFacts>;
  readonly step: string;
}

const rows: readonly Row[] = [
  { rule: 'it begins with a new token, which a person generates', credentials: [proven], step: 'wait new-token' },
  { rule: 'a candidate is probed and promoted', credentials: [candidate, proven], step: 'promote new' },
  {
    rule: 'of two candidates the older one does not take the place of the newer one that was promoted',
    credentials: [proven, { ...candidate, id: 'between' }, old],
    step: 'retire old',
  },
  {
    rule: 'a candidate the provider refused is no candidate',
    credentials: [{ ...candidate, refusedAt: 1 }, proven],
    step: 'wait new-token',
  },
  { rule: 'T5: what is in use has to carry a full cycle', credentials: [unproven, old], step: 'start-cycle' },
  {
    rule: 'T5: one that is open is waited for',
    credentials: [unproven, old],
    facts: { openCycle: 'c9' },
    step: 'wait cycle c9',
  },
  { rule: 'T5: only then the old one goes', credentials: [proven, old], step: 'retire old' },
  {
    rule: "T5: where Entra's own job provisions, it has to be given the new one, and no cycle begins",
    credentials: [unproven, old],
    facts: { engine: 'entra' },
    step: 'wait entra',
  },
  {
    rule: 'T5: once a person says so, the new one has to be taken by the provider',
    credentials: [unproven, old],
    facts: { engine: 'entra', installed: true },
    step: 'prove-installed new',
  },
  {
    rule: 'T5: a word given before anything was replaced counts for nothing',
    credentials: [unproven],
    facts: { engine: 'entra', installed: true },
    step: 'wait new-token',
  },
  { rule: 'without anything in use nothing is retired', credentials: [old], step: 'wait new-token' },
  {
    rule: 'when the old one has gone, it is over',
    credentials: [proven],
    facts: { finished: true },
    step: 'nothing',
  },
];

describe('T5: the order of a rotation', () => {
  test.each(rows)('$rule', ({ credentials, facts, step }) => {
    const next = nextRotationStep({
      connection: 'acme',
      model: 'overlap',
      installed: false,
      finished: false,
      ...facts,
      credentials,
    });
    expect(Object.values(next).join(' ')).toBe(step);
  });
});

describe('T5: a full cycle proves the credential it was carried by', () => {
  test.each<{ rule: string; result: CycleResult; proves: boolean }>([
    { rule: 'when it succeeded', result: 'succeeded', proves: true },
    { rule: 'when all it planned is held, such as the owner of the old one', result: 'held', proves: true },
    { rule: 'when single objects failed', result: 'entry-level-errors', proves: true },
    { rule: 'not when it failed', result: 'failed', proves: false },
    { rule: 'not when its plan was refused', result: 'refused', proves: false },
    { rule: 'not when it was cancelled', result: 'cancelled', proves: false },
  ])('$rule', ({ result, proves }) => {
    expect(provesCredential(result)).toBe(proves);
  });
});
