/**
 * The few pieces of PostgreSQL's frontend/backend protocol 3.0 (PostgreSQL manual, chapter "Message Formats") needed to
 * share the one session of an embedded database among many logical clients.
 */

/** Whether the session is idle, in a transaction, or in a failed transaction (ReadyForQuery). */
export type TransactionStatus = 'I' | 'T' | 'E';

export const FRONTEND = { query: 0x51, sync: 0x53, terminate: 0x58, functionCall: 0x46, parse: 0x50 } as const;
export const BACKEND = { notification: 0x41, readyForQuery: 0x5a } as const;

const HEADER = 5;
const STARTUP_LENGTH = 4;

/** Length of the message that starts at `offset`, header included; undefined while the header is not all there. */
function messageLength(bytes: Buffer, offset: number): number | undefined {
  return bytes.length - offset < HEADER ? undefined : 1 + bytes.readInt32BE(offset + 1);
}

/** Length of a startup packet (it has no type byte), or undefined while it is not all there. */
export function startupLength(bytes: Buffer): number | undefined {
  if (bytes.length < STARTUP_LENGTH) return undefined;
  const length = bytes.readInt32BE(0);
  return bytes.length < length ? undefined : length;
}

/**
 * Cuts a byte stream into whole messages. Bytes of an unfinished message wait for the next chunk, so a message may
 * arrive in any number of pieces.
 */
export interface MessageReader {
  /** Calls `onMessage` for every message completed by these bytes. The slice is only valid during the call. */
  push(bytes: Buffer, onMessage: (type: number, message: Buffer) => void): void;
}

export function createMessageReader(): MessageReader {
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  let wanted = 0;
  return {
    push(bytes, onMessage) {
      // A message of many megabytes arrives in thousands of chunks: it is joined once, not once per chunk.
      if (carriedBytes > 0 && carriedBytes + bytes.length < wanted) {
        carried.push(bytes);
        carriedBytes += bytes.length;
        return;
      }
      const buffer = carriedBytes === 0 ? bytes : Buffer.concat([...carried, bytes]);
      let offset = 0;
      let length = messageLength(buffer, offset);
      while (length !== undefined && buffer.length - offset >= length) {
        onMessage(buffer.readUInt8(offset), buffer.subarray(offset, offset + length));
        offset += length;
        length = messageLength(buffer, offset);
      }
      const rest = buffer.subarray(offset);
      carried = rest.length === 0 ? [] : [rest];
      carriedBytes = rest.length;
      wanted = length ?? HEADER;
    },
  };
}

/** The transaction status of a ReadyForQuery message. */
export function transactionStatus(message: Buffer): TransactionStatus {
  const status = String.fromCharCode(message.readUInt8(HEADER));
  return status === 'T' || status === 'E' ? status : 'I';
}

/** The channel a NotificationResponse was sent to. */
export function notificationChannel(message: Buffer): string {
  const start = HEADER + 4;
  return message.toString('utf8', start, message.indexOf(0, start));
}

/** The SQL text of a simple Query or a Parse message; undefined for other messages. */
export function statementText(type: number, message: Buffer): string | undefined {
  if (type === FRONTEND.query) return message.toString('utf8', HEADER, message.indexOf(0, HEADER));
  if (type !== FRONTEND.parse) return undefined;
  const start = message.indexOf(0, HEADER) + 1;
  return message.toString('utf8', start, message.indexOf(0, start));
}

/** The channel a statement subscribes to. BullMQ opens its LISTEN with SQL comments, so they are skipped first. */
export function listenedChannel(sql: string): string | undefined {
  const match = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*listen\s+(?:"([^"]+)"|([a-z_]\w*))/i.exec(sql);
  return match?.[1] ?? match?.[2]?.toLowerCase();
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What a server answers to a startup packet: authenticated, one parameter, ready. */
export function startupAnswer(): Buffer {
  return Buffer.concat([
    message('R', Buffer.from([0, 0, 0, 0])),
    message('S', Buffer.from('client_encoding\0UTF8\0', 'latin1')),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I', 'latin1')),
  ]);
}

/** A simple Query message. */
export function queryMessage(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`, 'utf8'));
}
