import { ApiError, type ApiClient, type StreamEvent } from './api-client.ts';
import { UsageError } from './io.ts';

/** Major version of the streams this program reads; minor ones only add. */
const MAJOR = '1';

function isStreamEvent(event: { readonly type: string }): event is StreamEvent {
  return event.type === 'version' || event.type === 'progress' || event.type === 'error';
}

/** Posts and hands over every event. ApiError for a problem that comes as a line, UsageError for another version. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names what the route streams
export async function followStream<E extends { readonly type: string }>(
  api: ApiClient,
  path: string,
  body: object,
  signal: AbortSignal,
  onEvent: (event: E) => void,
): Promise<void> {
  await api.stream<E>(
    path,
    body,
    (event) => {
      if (isStreamEvent(event) && event.type === 'error') throw new ApiError(event.problem);
      if (isStreamEvent(event) && event.type === 'version' && event.schema.split('.')[0] !== MAJOR)
        throw new UsageError(
          `the daemon speaks version ${event.schema}, this command version ${MAJOR}: use the daemon's own headgate`,
        );
      onEvent(event);
    },
    signal,
  );
}
