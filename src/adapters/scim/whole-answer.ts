import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { RawAnswer } from './answer.ts';

/**
 * Sends a request and reads its answer whole, the body within `timeoutMs` of its head, so that a provider that drips bytes
 * cannot hold a request for ever. Below undici's streams: an answer that is kept in memory anyway needs none.
 * Rejects with what undici failed with, or with the reason of the signal.
 */
export function wholeAnswer(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: { readonly status: number; readonly headers: IncomingHttpHeaders } = { status: 0, headers: {} };
    let controller: Dispatcher.DispatchController | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = () => controller?.abort(signal.reason);
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    signal.addEventListener('abort', stop);
    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) stop();
      },
      onResponseStart(started, status, headers) {
        // 1xx: the answer itself is still to come.
        if (status < 200) return;
        head = { status, headers };
        timer = setTimeout(() => started.abort(tooSlow()), timeoutMs);
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        settle();
        resolve({ ...head, text: textOf(chunks) });
      },
      onResponseError(_controller, error) {
        settle();
        reject(error);
      },
    });
  });
}

function tooSlow(): Error {
  return Object.assign(new Error('body too slow'), { code: 'BODY_TIMEOUT' });
}

/** UTF-8, without the byte order mark some servers begin with. */
function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  const text = (chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)).toString();
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
