import { z } from 'zod';
import type { JsonObject } from '../../../../core/scim.ts';
import type { MemberKind } from '../../../organisation/model.ts';
import { allowed, READ_APPLICATIONS, READ_GROUPS, READ_USERS } from '../call.ts';
import type { GraphAnswer, GraphCall, Route } from '../call.ts';
import { checkSelect, projectObject, shownMember } from '../projection.ts';
import { badRequest, directoryRefusal, requestDenied, requireGuid } from '../refusal.ts';

/** Graph takes no more ids than this in one call. */
const MAX_IDS = 1000;

const KINDS: readonly MemberKind[] = ['user', 'group', 'servicePrincipal'];

const REQUEST = z.strictObject({ ids: z.array(z.string()), types: z.array(z.string()).optional() });

const READ: Readonly<Record<MemberKind, readonly string[]>> = {
  user: READ_USERS,
  group: READ_GROUPS,
  servicePrincipal: READ_APPLICATIONS,
};

function requireKinds(call: GraphCall, types: readonly string[] | undefined): readonly MemberKind[] {
  const kinds = KINDS.filter((kind) => types === undefined || types.includes(kind));
  const known = new Set<string>([...KINDS, 'device', 'application', 'directoryObject', 'administrativeUnit']);
  const unknown = types?.find((type) => !known.has(type));
  if (unknown !== undefined) throw directoryRefusal(`Invalid value specified for property 'types': '${unknown}'.`);
  for (const kind of types === undefined ? [] : kinds) {
    if (!allowed(call.request.caller, READ[kind])) throw requestDenied();
  }
  return types?.includes('directoryObject') === true ? KINDS : kinds;
}

/** Objects by id, of the asked types; an id nobody has is left out of the answer, not an error. */
function getByIds(call: GraphCall): GraphAnswer {
  const { select } = call.options;
  checkSelect(select, KINDS, 'directoryObject');
  const parsed = REQUEST.safeParse(call.request.body);
  if (!parsed.success) {
    throw badRequest(
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    );
  }
  const { ids, types } = parsed.data;
  if (ids.length === 0) throw directoryRefusal('The number of identifiers must be at least 1.');
  if (ids.length > MAX_IDS) {
    throw directoryRefusal(`Too many elements in the collection 'ids': ${ids.length}. Max allowed: ${MAX_IDS}.`);
  }
  const kinds = requireKinds(call, types);
  const value = [...new Set(ids.map(requireGuid))].flatMap((id): JsonObject[] => {
    for (const kind of kinds) {
      const shown = shownMember(call, { id, kind }, call.at);
      if (shown !== undefined) return [projectObject(call, shown, select)];
    }
    return [];
  });
  return { status: 200, body: { '@odata.context': `${call.request.base}/$metadata#directoryObjects`, value } };
}

export const DIRECTORY_OBJECT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: 'directoryObjects/getByIds',
    permissions: [...READ_USERS, ...READ_GROUPS, ...READ_APPLICATIONS],
    options: ['select'],
    cost: 5,
    answer: getByIds,
  },
];
