import { frame, frontend } from "./frames.ts";

/*
 * All connections share the one session of the embedded database, and with it the names of prepared statements and
 * portals. Each connection's names get a prefix of its own, so that two can use the same name.
 */

const headerBytes = 5;

function prefixAt(message: Buffer, at: number, prefix: string): Buffer {
  // An empty name is the unnamed statement: it lives only within one batch, which nobody can interrupt.
  if (message[at] === 0 || message[at] === undefined) return message;
  return frame(
    message[0] ?? 0,
    Buffer.concat([message.subarray(headerBytes, at), Buffer.from(prefix), message.subarray(at)]),
  );
}

function cString(message: Buffer, at: number): string {
  const end = message.indexOf(0, at);
  return message.toString("utf8", at, end < 0 ? message.length : end);
}

/** The message with its statement and portal names prefixed. `Execute` names a portal too. */
export function prefixNames(message: Buffer, prefix: string): Buffer {
  switch (message[0]) {
    case frontend.parse:
    case frontend.execute:
      return prefixAt(message, headerBytes, prefix);
    case frontend.describe:
    case frontend.close:
      return prefixAt(message, headerBytes + 1, prefix);
    case frontend.bind: {
      const withPortal = prefixAt(message, headerBytes, prefix);
      return prefixAt(withPortal, withPortal.indexOf(0, headerBytes) + 1, prefix);
    }
    default:
      return message;
  }
}

/** The name a Parse message gives its statement, null for the unnamed one or another message. */
export function parsedName(message: Buffer): string | null {
  if (message[0] !== frontend.parse) return null;
  const name = cString(message, headerBytes);
  return name === "" ? null : name;
}

/** Close messages for prepared statements that nobody can use any more. */
export function closeStatements(names: Iterable<string>): Buffer {
  const closes = [...names].map((name) => frame(frontend.close, Buffer.from(`S${name}\0`)));
  return Buffer.concat([...closes, frame(frontend.sync, Buffer.alloc(0))]);
}

/** A LISTEN, behind comments too: BullMQ's statements begin with them. */
const listenStatement = /^(?:\s|--.*\n)*listen\s/i;

/** Whether the SQL of a Query or Parse message begins to listen. */
export function startsListening(message: Buffer): boolean {
  if (message[0] === frontend.query) return listenStatement.test(cString(message, headerBytes));
  if (message[0] !== frontend.parse) return false;
  return listenStatement.test(cString(message, message.indexOf(0, headerBytes) + 1));
}
