/*
 * Frames of the PostgreSQL wire protocol, as far as the embedded server looks into them.
 * Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** First message of a connection: protocol 3.0, or one of the requests that may stand before it. */
export const startupCodes = { protocol3: 196_608, cancel: 80_877_102, ssl: 80_877_103, gss: 80_877_104 } as const;

/** Type bytes of frontend messages. */
export const frontend = {
  parse: 80,
  bind: 66,
  describe: 68,
  close: 67,
  sync: 83,
  flush: 72,
  query: 81,
  execute: 69,
  terminate: 88,
};

const headerBytes = 5;
const notificationResponse = 65;
const readyForQuery = 90;
/** Longer frames than this are nonsense, not data. */
const maxFrameBytes = 512 * 1024 * 1024;

/** Cuts a byte stream into whole messages; the first one has no type byte. */
export interface FrameReader {
  /** @throws RangeError when a length makes no sense: the stream cannot be followed any more. */
  push(chunk: Buffer): Buffer[];
  /** The next message has a type byte (call after the protocol 3 startup message). */
  started(): void;
}

/** Makes a reader for one connection. */
export function createFrameReader(): FrameReader {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let wanted = 8;
  let typed = false;

  function next(): Buffer | null {
    if (bytes < wanted) return null;
    const pending = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes);
    chunks = [pending];
    const lengthAt = typed ? 1 : 0;
    const total = pending.readUInt32BE(lengthAt) + lengthAt;
    if (total < lengthAt + 4 || total > maxFrameBytes) {
      throw new RangeError(`expected a frame of at most ${maxFrameBytes} bytes, got one of ${total}`);
    }
    if (bytes < total) {
      wanted = total;
      return null;
    }
    const rest = pending.subarray(total);
    chunks = rest.length > 0 ? [rest] : [];
    bytes = rest.length;
    wanted = typed ? headerBytes : 8;
    return pending.subarray(0, total);
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      const frames: Buffer[] = [];
      for (let frame = next(); frame !== null; frame = next()) {
        frames.push(frame);
        // The caller decides on the startup message before the next one can be read.
        if (!typed) break;
      }
      return frames;
    },
    started() {
      typed = true;
      wanted = headerBytes;
    },
  };
}

/** A frame of one type around a body. */
export function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header[0] = type;
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** A simple query. */
export function queryFrame(sql: string): Buffer {
  return frame(frontend.query, Buffer.from(`${sql}\0`));
}

/** The answer to a startup message: no authentication, since the socket sits in a directory only we can enter. */
export function startupReply(serverVersion: string, connection: number): Buffer {
  const parameters = Object.entries({
    server_version: serverVersion,
    server_encoding: "UTF8",
    client_encoding: "UTF8",
    DateStyle: "ISO, MDY",
    integer_datetimes: "on",
    standard_conforming_strings: "on",
    TimeZone: "UTC",
  }).map(([name, value]) => frame(83, Buffer.from(`${name}\0${value}\0`)));
  const key = Buffer.alloc(8);
  key.writeUInt32BE(connection, 0);
  return Buffer.concat([
    frame(82, Buffer.alloc(4)),
    ...parameters,
    frame(75, key),
    frame(readyForQuery, Buffer.from("I")),
  ]);
}

/** An error that ends the connection. */
export function fatalError(message: string): Buffer {
  return frame(69, Buffer.from(`SFATAL\0VFATAL\0C57P01\0M${message}\0\0`));
}

/** What is in the server's answer to one batch. */
export interface Reply {
  /** The answer without notifications. */
  readonly own: Buffer;
  /** NotificationResponse frames, for every connection that listens. */
  readonly notifications: readonly Buffer[];
  /** Transaction status after it: idle, in transaction, in failed transaction; null while not ready for a query. */
  readonly status: "I" | "T" | "E" | null;
}

/** Takes an answer apart. */
export function readReply(bytes: Uint8Array): Reply {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notifications: Buffer[] = [];
  const kept: Buffer[] = [];
  let status: Reply["status"] = null;
  let keptFrom = 0;
  let at = 0;
  while (at + headerBytes <= buffer.length) {
    const end = at + 1 + buffer.readUInt32BE(at + 1);
    if (buffer[at] === notificationResponse) {
      if (at > keptFrom) kept.push(buffer.subarray(keptFrom, at));
      notifications.push(buffer.subarray(at, end));
      keptFrom = end;
    } else if (buffer[at] === readyForQuery) {
      const letter = String.fromCharCode(buffer[at + headerBytes] ?? 0);
      status = letter === "T" || letter === "E" ? letter : "I";
    } else {
      status = null;
    }
    at = end;
  }
  if (keptFrom < buffer.length) kept.push(buffer.subarray(keptFrom));
  return { own: kept.length === 1 ? (kept[0] ?? buffer) : Buffer.concat(kept), notifications, status };
}
