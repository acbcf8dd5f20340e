import { Duplex } from 'node:stream';
import type { Session, SessionClient } from './session.ts';
import { createMessageReader, FRONTEND, listenedChannel, startupAnswer, startupLength, statementText } from './wire.ts';

/** The parts of a socket that node-postgres calls on the stream it is given. */
export interface ClientStream extends Duplex {
  connect(port: number, host: string): void;
  setNoDelay(): void;
  ref(): void;
  unref(): void;
}

/**
 * A stream that node-postgres takes for its socket and that ends in the shared session of an embedded database. It has
 * no setKeepAlive on purpose: BullMQ then looks for jobs every ten seconds even if a notification were lost.
 */
export function createClientStream(session: Session): ClientStream {
  const channels = new Set<string>();
  const reader = createMessageReader();
  let startup: Buffer | undefined = Buffer.alloc(0);
  let batch: Buffer[] = [];

  const client: SessionClient = {
    channels,
    receive: (bytes) => void stream.push(bytes),
    fail: (error) => void stream.destroy(error),
  };

  function onMessage(type: number, message: Buffer): void {
    if (type === FRONTEND.terminate) {
      session.detach(client);
      stream.push(null);
      return;
    }
    const sql = statementText(type, message);
    const channel = sql === undefined ? undefined : listenedChannel(sql);
    if (channel !== undefined) channels.add(channel);
    batch.push(Buffer.from(message));
    if (type === FRONTEND.query || type === FRONTEND.sync || type === FRONTEND.functionCall) {
      session.send(client, Buffer.concat(batch));
      batch = [];
    }
  }

  function onBytes(bytes: Buffer): void {
    if (startup === undefined) {
      reader.push(bytes, onMessage);
      return;
    }
    startup = Buffer.concat([startup, bytes]);
    const length = startupLength(startup);
    if (length === undefined) return;
    const rest = startup.subarray(length);
    startup = undefined;
    stream.push(startupAnswer());
    if (rest.length > 0) reader.push(rest, onMessage);
  }

  const duplex = new Duplex({
    read() {
      // Answers are pushed when they arrive; node-postgres never reads less than it is sent.
    },
    write(chunk: Buffer, _encoding, done) {
      onBytes(chunk);
      done();
    },
    destroy(error, done) {
      session.detach(client);
      done(error);
    },
  });
  const stream: ClientStream = Object.assign(duplex, {
    connect() {
      session.attach(client);
      queueMicrotask(() => duplex.emit('connect'));
    },
    setNoDelay() {
      // Nothing to delay: there is no network.
    },
    ref() {
      // Keeps no event loop alive; the daemon's own handles do.
    },
    unref() {
      // See ref.
    },
  });
  return stream;
}
