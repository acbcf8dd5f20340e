import {
  createTestDirectory,
  endpointsOf,
  graphError,
  startLoopback,
  type Loopback,
  type Reply,
  type SeenRequest,
  type TestDirectory,
} from './loopback-graph.ts';

/** Answers one path below the version; used for plain requests and for those inside a batch alike. */
export type Answerer = (path: string, request: SeenRequest) => Reply;

/** Graph's answer for one object that is not there. */
export const MISSING = graphError(404, 'Request_ResourceNotFound');

/** The requests inside a batch as sent. */
export function batchOf(request: SeenRequest): readonly { readonly id: string; readonly url: string }[] {
  const batch: { readonly requests: readonly { readonly id: string; readonly url: string }[] } = JSON.parse(
    request.body,
  );
  return batch.requests;
}

function answerBatch(request: SeenRequest, answer: Answerer): Reply {
  const responses = batchOf(request).map(({ id, url }) => {
    const { status = 200, headers = {}, json } = answer(url, request);
    return { id, status, headers, body: json };
  });
  // Graph answers in any order.
  return { json: { responses: responses.toReversed() } };
}

/** The last part of a path, decoded: the id asked for. */
export function lastSegment(path: string): string {
  return decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '');
}

export type OpenTenant = TestDirectory & { readonly server: Loopback };

/** A directory on a tenant that answers path by path. What is opened is added to `opened`, for the test to close. */
export async function openTenant(opened: { close(): Promise<void> }[], answer: Answerer): Promise<OpenTenant> {
  const server = await startLoopback((request) => {
    const path = request.url.replace('/v1.0', '');
    return path === '/$batch' ? answerBatch(request, answer) : answer(path, request);
  });
  const test = createTestDirectory(endpointsOf(server.origin));
  opened.push(server, test.directory);
  return { ...test, server };
}
