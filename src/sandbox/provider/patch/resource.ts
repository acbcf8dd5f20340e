import type { Exchange, ProviderState, Reply } from '../exchange.ts';
import { draftMembers } from '../members-draft.ts';
import { ScimRefusal } from '../refusal.ts';
import type { Resource } from '../resource.ts';
import type { ResourceType } from '../schema/resource-type.ts';
import {
  checkPrecondition,
  findResource,
  memberContext,
  resourceHeaders,
  resourceReply,
  storeChange,
} from '../write.ts';
import { applyOperation, draftOf, finishDraft } from './apply.ts';
import { readPatchBody, type PatchOperation } from './operation.ts';

/** PATCH on a resource: all operations, or none (RFC 7644 section 3.5.2). */
export function patchResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  const resource = findResource(state, type, id);
  checkPrecondition(state, exchange, resource);
  const operations = readPatchBody(state.behaviour, exchange.body ?? null);
  if (exchange.faults('nonAtomic500')) {
    applyAll(state, exchange, type, resource, operations.slice(0, Math.ceil(operations.length / 2)));
    return {
      status: 500,
      headers: { 'content-type': 'text/plain' },
      body: 'Internal Server Error',
      applied: true,
      resourceId: id,
    };
  }
  const applied = applyAll(state, exchange, type, resource, operations);
  // RFC 7644 section 3.5.2: with "attributes" the answer must be 200 with a body.
  const wantsBody = state.behaviour.patchAnswer[type.name] === 'full' || exchange.query.has('attributes');
  const gone = state.store.get(type.name, resource.id) === undefined;
  if (gone || !wantsBody) {
    return { status: 204, headers: gone ? {} : resourceHeaders(state, resource), applied, resourceId: id };
  }
  return { ...resourceReply(state, exchange, resource, 200), applied };
}

function applyAll(
  state: ProviderState,
  exchange: Exchange,
  type: ResourceType,
  resource: Resource,
  operations: readonly PatchOperation[],
): boolean {
  const draft = draftOf(resource.attributes, draftMembers(resource.members));
  const context = memberContext(state, exchange, resource.id);
  for (const operation of operations) applyOperation(context, type, draft, operation);
  if (resource.type !== type.name) throw new ScimRefusal(500, 'the resource is of another type');
  return storeChange(state, exchange, type, resource, finishDraft(context, type, draft), draft.members);
}
