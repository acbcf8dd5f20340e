import type { Finding, Verdict } from '../../src/core/verdict.ts';
import type { Link } from '../../src/core/link.ts';
import { WAVE, type CreateAccount, type Operation } from '../../src/core/operation.ts';
import { sealPlan, type Plan } from '../../src/core/plan.ts';
import type { OperationResult, SliceWork } from '../../src/ports/slices.ts';

/** Anchors of a generated organisation: sorted like their numbers. */
export function anchorOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

export function aCreate(number: number): CreateAccount {
  const anchor = anchorOf(number);
  return {
    key: `1:account:create:${anchor}`,
    wave: WAVE.accounts,
    resource: 'account',
    kind: 'create',
    anchor,
    label: `user${number}@contoso.com`,
    reason: { code: 'entitled', text: 'assigned directly' },
    attributes: [{ path: 'userName', before: null, after: `user${number}@contoso.com` }],
    references: [],
  };
}

export function aRemoval(number: number, kind: 'disable' | 'delete'): Operation {
  const anchor = anchorOf(number);
  const wave = kind === 'disable' ? WAVE.disable : WAVE.delete;
  return {
    key: `${wave}:account:${kind}:${anchor}`,
    wave,
    resource: 'account',
    kind,
    effect: kind === 'disable' ? 'suspend' : 'delete',
    anchor,
    label: `user${number}@contoso.com`,
    reason: { code: 'unassigned', text: 'lost the only path' },
    resourceId: `resource-${number}`,
    cause: 'unassigned',
  };
}

export function aPlan(connection: string, operations: readonly Operation[]): Plan {
  return sealPlan({
    connection,
    kind: 'initial',
    rulesDigest: 'rules',
    operations,
    notices: [{ code: 'nested-groups', text: 'one nested group', anchors: ['g'] }],
    counts: {
      entitledUsers: operations.length,
      entitledGroups: 0,
      linkedAccounts: 0,
      linkedGroups: 0,
      linkedMembers: 0,
      operations: { 'account.create': operations.length },
      membersAdded: 0,
      membersRemoved: 0,
    },
  });
}

export const ALLOWED: Verdict = { refused: false, findings: [] };

export function holding(...operations: readonly Operation[]): Verdict {
  const finding: Finding = {
    guard: 'too-many-removals',
    effect: 'hold',
    message: 'too many',
    remedy: 'look',
    operations: operations.map((operation) => operation.key),
    numbers: { removals: operations.length },
  };
  return { refused: false, findings: [finding] };
}

export function aLink(number: number, changes: Partial<Link> = {}): Link {
  return {
    resource: 'account',
    anchor: anchorOf(number),
    resourceId: `resource-${number}`,
    state: 'active',
    label: `user${number}@contoso.com`,
    origin: 'created',
    ...changes,
  };
}

type SliceOperation = SliceWork['operations'][number];

export function exported({ sequence, operation }: SliceOperation, link?: Link): OperationResult {
  return {
    sequence,
    state: 'exported',
    exported: { resourceId: `resource-${operation.label}`, requests: 1 },
    durationMs: 12.5,
    ...(link === undefined ? {} : { link }),
  };
}

export function escrowed({ sequence }: SliceOperation, dropLink = false): OperationResult {
  return {
    sequence,
    state: 'escrowed',
    failure: { code: 'RejectedError', message: 'the provider said no', status: 400 },
    dropLink,
  };
}
