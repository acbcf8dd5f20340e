import { InDoubtError, NotFoundError, RejectedError } from '../../../core/errors.ts';
import type { ExperimentWrite } from '../../../core/experiment.ts';
import type { JsonObject, ResourceId } from '../../../core/scim.ts';
import { isWrite, nameOf, type ScimRequest } from '../answer.ts';
import { type Exchange, readResource, type ResourceCollection } from '../exchange.ts';
import { sendCreate } from '../writes.ts';
import { canonicalBody } from '../resources.ts';

/** A throw-away resource: at the provider under this id, seen to carry the name we gave it. */
export interface Own {
  readonly collection: ResourceCollection;
  readonly name: string;
  readonly id: ResourceId;
}

/** Something that may have been made; with its id where the provider told one that could not be seen to be right. */
export type Doubtful = Omit<Own, 'id'> & { readonly id?: ResourceId };

/** What an experiment made, and the only things it may write to. */
export interface OwnResources {
  /** Every resource that was seen to be ours. */
  readonly made: readonly Own[];
  /** Names under which something may have been made that nobody has seen. */
  readonly doubtful: ReadonlyMap<string, Doubtful>;
  /** Every write that left, in order. */
  readonly writes: readonly ExperimentWrite[];
  /** An exchange that refuses to write to anything but these. `before` is asked before each request and may throw. */
  guard(exchange: Exchange, before: (request: ScimRequest) => void): Exchange;
  /**
   * Creates a resource of that name. It counts as ours once it was read and carries the name: a provider that answers with
   * somebody else's id must not lead us to them. Throws from the error family; what is in doubt stays in `doubtful`.
   */
  make(exchange: Exchange, collection: ResourceCollection, name: string, body: JsonObject): Promise<Own>;
  /** Takes a resource found under a doubtful name for ours. */
  found(own: Own): void;
}

/** Keeps track of what an experiment made. */
export function createOwnResources(): OwnResources {
  const made: Own[] = [];
  const doubtful = new Map<string, Doubtful>();
  const writes: ExperimentWrite[] = [];
  const isOurs = ({ collection, id, body }: ScimRequest): boolean =>
    id === undefined
      ? [...doubtful.values()].some((each) => each.collection === collection && bears(body ?? {}, each.name))
      : made.some((own) => own.collection === collection && own.id === id);
  const found = (own: Own) => {
    doubtful.delete(own.name);
    if (!made.some(({ collection, id }) => collection === own.collection && id === own.id)) made.push(own);
  };
  return {
    made,
    doubtful,
    writes,
    found,
    guard(exchange, before) {
      return {
        ...exchange,
        async send(request) {
          before(request);
          if (isWrite(request)) {
            if (!isOurs(request)) throw notOurs(exchange, request);
            const { method, collection, id } = request;
            writes.push({ method, collection, ...(id === undefined ? {} : { id }) });
          }
          return exchange.send(request);
        },
      };
    },
    async make(exchange, collection, name, body) {
      doubtful.set(name, { collection, name });
      const { id } = await sendCreate(exchange, collection, body).catch((error: unknown) => {
        // Any other refusal says that nothing was made.
        if (!(error instanceof InDoubtError)) doubtful.delete(name);
        throw error;
      });
      doubtful.set(name, { collection, name, id });
      const there = await readResource(exchange, collection, id);
      if (there === undefined) throw new NotFoundError(`${exchange.connection}: what was created cannot be read`);
      if (!bears(canonicalBody(there.body), name)) {
        throw new RejectedError(`${exchange.connection}: a create was answered with the id of something else`, {
          remedy: 'Nothing was written to it. Ask the provider why it does so.',
        });
      }
      const own = { collection, name, id };
      found(own);
      return own;
    },
  };
}

/** Whether a resource carries one of our names: providers fold case, cut a domain, or cut at a length. */
export function bears(body: JsonObject, name: string): boolean {
  const wanted = name.toLowerCase();
  return [body['userName'], body['displayName']].some(
    (found) => typeof found === 'string' && found.toLowerCase().startsWith(wanted),
  );
}

/** A defect, caught before it could harm anybody. */
function notOurs(exchange: Exchange, request: ScimRequest): Error {
  return new Error(`${exchange.connection}: ${nameOf(request)} was not sent: it is not aimed at a throw-away resource`);
}
