import type { Anchor, Assignment, ReadGap } from '../../core/directory.ts';
import type { ProvenRead } from '../../ports/directory-source.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { textOf, type RawObject } from './json.ts';
import { readPages, requireText } from './paging.ts';

/** Reads made until two in a row agree; then the disagreement is reported as a gap. */
const READS = 4;

const KINDS: Readonly<Record<string, Assignment['principalKind']>> = {
  User: 'user',
  Group: 'group',
  ServicePrincipal: 'service-principal',
};

/**
 * Every assignment to the enterprise application. `$top=999` matters beyond speed: other sizes have been seen to leave
 * managed identities out (microsoftgraph/microsoft-graph-docs#12243). Graph counts no assignments, so the proof is that
 * two reads agree and neither lists anything twice: a listing that moved or ended early once is read again.
 */
export async function readAssignments(
  graph: GraphClient,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<ProvenRead<readonly Assignment[]>> {
  let before: AssignmentListing | undefined;
  for (let read = 1; ; read += 1) {
    const listing = await listAssignments(graph, applicationId, signal);
    const agreed = before !== undefined && agree(before, listing);
    if (agreed || read === READS) return withGaps(listing, before, agreed);
    before = listing;
  }
}

interface AssignmentListing {
  readonly assignments: ReadonlyMap<string, Assignment>;
  readonly repeated: number;
  readonly unknown: number;
}

function agree(a: AssignmentListing, b: AssignmentListing): boolean {
  if (a.repeated + b.repeated > 0 || a.unknown !== b.unknown || a.assignments.size !== b.assignments.size) return false;
  return [...a.assignments.keys()].every((id) => b.assignments.has(id));
}

async function listAssignments(
  graph: GraphClient,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<AssignmentListing> {
  const path = `/servicePrincipals/${encodeURIComponent(applicationId)}/appRoleAssignedTo?$top=999`;
  const assignments = new Map<string, Assignment>();
  let repeated = 0;
  let unknown = 0;
  for await (const page of readPages(graph, CALLS.assignments, path, signal)) {
    for (const raw of page) {
      const assignment = readAssignment(raw);
      if (assignment === undefined) unknown += 1;
      else if (assignments.has(assignment.id)) repeated += 1;
      else assignments.set(assignment.id, assignment);
    }
  }
  return { assignments, repeated, unknown };
}

function readAssignment(raw: RawObject): Assignment | undefined {
  const principalKind = KINDS[requireText(raw, 'principalType', CALLS.assignments)];
  if (principalKind === undefined) return undefined;
  const created = textOf(raw, 'createdDateTime');
  return {
    id: requireText(raw, 'id', CALLS.assignments),
    principal: requireText(raw, 'principalId', CALLS.assignments),
    principalKind,
    roleId: requireText(raw, 'appRoleId', CALLS.assignments),
    ...(created === undefined ? {} : { created }),
  };
}

function withGaps(
  { assignments, repeated, unknown }: AssignmentListing,
  before: AssignmentListing | undefined,
  agreed: boolean,
): ProvenRead<readonly Assignment[]> {
  const gaps: ReadGap[] = [];
  if (repeated > 0) {
    gaps.push({
      what: 'assignments of the enterprise application, some of which were listed twice',
      expected: assignments.size,
      found: assignments.size + repeated,
    });
  } else if (!agreed) {
    gaps.push({
      what: 'assignments of the enterprise application, which differ from one read to the next',
      expected: before?.assignments.size ?? 0,
      found: assignments.size,
    });
  }
  if (unknown > 0) {
    gaps.push({
      what: 'assignments to principals that are neither user, group nor service principal',
      expected: 0,
      found: unknown,
    });
  }
  return { value: [...assignments.values()], gaps };
}
