import { brokenAt, type ExactRequest, type JournalEnd, type JournalLine } from './journal.ts';
import { leaverFindings } from './leavers.ts';
import type { MigrationEngine, MigrationGate, MigrationKind, MigrationResult } from './migration.ts';
import { groupsAfter, verdictOf, type ReportedGroup, type ReportVerdict } from './report-verdict.ts';
import { callsOf, type ReportedCall, type RequestOutcome } from './reported-calls.ts';
import { reportedWrites } from './sent-writes.ts';
import { stateOf } from './state.ts';
import { notBackIn } from './still-out.ts';
import type { ActiveAccount, SurveyFinding } from './survey.ts';
import { lineText } from './view.ts';
import { wayBack } from './way-back.ts';

/** One request of a migration, as it was sent, or announced where nobody knows, and what became of it. */
export interface ReportedRequest {
  readonly at: number;
  readonly what: string;
  readonly request: ExactRequest;
  readonly outcome: RequestOutcome;
  readonly why?: string;
}

/** What a migration has done, for an auditor: made from its journal alone. */
export interface MigrationReport {
  readonly id: string;
  readonly connection: string;
  readonly kind: MigrationKind;
  readonly engine: MigrationEngine;
  readonly requestedBy: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly result: MigrationResult | 'open';
  readonly text: string;
  /** Whether every line of the journal fits the one before, and none is missing at its end; the first that does not, or is. */
  readonly chain: {
    readonly sound: boolean;
    readonly brokenAt?: number;
    readonly lines: number;
    readonly hash: string;
  };
  readonly accounts: {
    readonly before: readonly ActiveAccount[];
    /** When it was verified, or when it ended before that; absent until then, and where it could not be read. */
    readonly after?: readonly ActiveAccount[];
    /** Active before and not after: must be empty. */
    readonly lost: readonly ActiveAccount[];
    readonly added: readonly ActiveAccount[];
  };
  readonly groups: {
    readonly before: readonly {
      readonly anchor: string;
      readonly name: string;
      readonly scimGroup: string | null;
      readonly members: number;
    }[];
    /** What each of them is when it was verified, or when it ended; absent until then. */
    readonly after?: readonly ReportedGroup[];
    /** SCIM groups of the migration that were still there then. */
    readonly left?: readonly string[];
  };
  /** Changes the migration's own cycle did not send. */
  readonly waiting: number;
  readonly findings: readonly SurveyFinding[];
  readonly accepted: readonly string[];
  readonly approvals: readonly {
    readonly gate: MigrationGate;
    readonly by: string;
    readonly at: number;
    readonly digest: string;
    readonly expiresAt: number;
  }[];
  readonly requests: readonly ReportedRequest[];
  readonly timeline: readonly {
    readonly sequence: number;
    readonly at: number;
    readonly text: string;
    readonly hash: string;
  }[];
  readonly verdict: ReportVerdict;
  /** How to get back by hand what was taken away; absent unless it has succeeded. */
  readonly wayBack?: string;
  /** Whether the verdict is `passed`. */
  readonly passed: boolean;
}

function requestsOfCall({ at, call, outcome, why, sent }: ReportedCall): readonly ReportedRequest[] {
  const { what, request } = call;
  const fate = { outcome, ...(why === undefined ? {} : { why }) };
  if (sent === undefined) return [{ at, what, request, ...fate }];
  return reportedWrites(request.to, sent, fate).map((write) => ({ at, what, ...write }));
}

/** Every request in the order of time: those of the steps, and those of the migration's own cycles. */
function requestsOf(lines: readonly JournalLine[]): readonly ReportedRequest[] {
  const ofSteps = callsOf(lines).flatMap(requestsOfCall);
  const ofCycles = lines.flatMap(({ at, entry }) =>
    entry.kind === 'sent' ? entry.requests.map((request) => ({ at, ...request })) : [],
  );
  return [...ofSteps, ...ofCycles].toSorted((a, b) => a.at - b.at);
}

/** Pure: the report of a journal, whole or not. `end` as kept apart from it, where that is known. */
export function reportOf(id: string, lines: readonly JournalLine[], end?: JournalEnd): MigrationReport {
  const state = stateOf(lines);
  const before = state.before?.accounts ?? [];
  const after = (state.found ?? state.verified)?.accounts;
  const ids = (accounts: readonly ActiveAccount[]) => new Set(accounts.map((account) => account.id));
  const [idsBefore, idsAfter] = [ids(before), ids(after ?? [])];
  const { ended, verified } = state;
  const lostFirst = ids(ended?.lost ?? []);
  const isLost = ({ id }: ActiveAccount) => (after !== undefined && !idsAfter.has(id)) || lostFirst.has(id);
  const lost = before.filter(isLost);
  const added = (after ?? []).filter((account) => !idsBefore.has(account.id));
  const broken = brokenAt(id, lines, end);
  const groups = groupsAfter(state, notBackIn(lines));
  const back = wayBack(state);
  const left = groups?.flatMap(({ scimGroup }) => scimGroup ?? []);
  const verdict = verdictOf(state, {
    sound: broken === undefined,
    lost: lost.length,
    known: after !== undefined,
    groups,
  });
  return {
    id,
    connection: state.connection,
    kind: state.kind,
    engine: state.engine,
    requestedBy: state.requestedBy,
    startedAt: state.startedAt,
    ...(ended === undefined ? {} : { endedAt: ended.at }),
    result: ended?.result ?? 'open',
    text: ended?.text ?? 'the migration is under way',
    chain: {
      sound: broken === undefined,
      lines: lines.length,
      hash: lines.at(-1)?.hash ?? '',
      ...(broken === undefined ? {} : { brokenAt: broken }),
    },
    accounts: { before, lost, added, ...(after === undefined ? {} : { after }) },
    groups: {
      before: (state.before?.groups ?? []).map(({ anchor, name, scimGroup, members }) => ({
        anchor,
        name,
        scimGroup: scimGroup?.id ?? null,
        members: scimGroup?.members?.length ?? members,
      })),
      ...(groups === undefined ? {} : { after: groups }),
      ...(left === undefined ? {} : { left }),
    },
    waiting: verified?.waiting ?? 0,
    findings: [...leaverFindings(verified?.leavers ?? []), ...((state.coverage ?? state.before)?.findings ?? [])],
    accepted: state.options.accept,
    approvals: lines.flatMap(({ at, entry }) => {
      if (entry.kind !== 'approved') return [];
      const { gate, by, digest, expiresAt } = entry;
      return [{ gate, by, at, digest, expiresAt }];
    }),
    requests: requestsOf(lines),
    timeline: lines.map((line) => ({ sequence: line.sequence, at: line.at, text: lineText(line), hash: line.hash })),
    verdict,
    ...(back === undefined ? {} : { wayBack: back }),
    passed: verdict === 'passed',
  };
}
