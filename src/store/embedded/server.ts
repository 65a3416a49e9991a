import { createServer, type Server, type Socket } from "node:net";
import {
  createFrameReader,
  type FrameReader,
  fatalError,
  frontend,
  queryFrame,
  startupCodes,
  startupReply,
} from "./frames.ts";
import { closeStatements, parsedName, prefixNames, startsListening } from "./statement-names.ts";
import { createTurns, type Exec, type Guest, type Turns } from "./turns.ts";

/*
 * The PostgreSQL wire protocol in front of one embedded session, so that everything else uses ordinary `pg`. What a
 * connection sends is collected until Sync, Query or Flush and then run in one go: Parse, Bind and Execute of two
 * connections never mix. Settings (SET) and SQL-level PREPARE are shared by all connections; COPY FROM STDIN is not served.
 */

/** A connection may keep a transaction open and idle this long before it is rolled back and cut off. */
const idleTransactionMs = 30_000;

interface Connection extends Guest {
  readonly socket: Socket;
  readonly reader: FrameReader;
  readonly statements: Set<string>;
  batch: Buffer[];
  started: boolean;
  listens: boolean;
  idle: NodeJS.Timeout | null;
}

/** A running server. */
export interface WireServer {
  /** Runs SQL of our own, between the batches of the connections. */
  run(sql: string): void;
  close(): Promise<void>;
}

/** Serves the protocol on a Unix socket. Resolves when it listens. */
export async function serveWire(options: { exec: Exec; path: string; serverVersion: string }): Promise<WireServer> {
  const connections = new Set<Connection>();
  const turns = createTurns(options.exec, (notification) => {
    for (const connection of connections) if (connection.listens) connection.socket.write(notification);
  });
  let lastId = 0;
  const server = createServer((socket) => {
    lastId += 1;
    const connection = accept(socket, lastId);
    connections.add(connection);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      connections.delete(connection);
      leave(turns, connection);
    });
    socket.on("data", (chunk) => {
      try {
        receive(turns, connection, chunk, () => startupReply(options.serverVersion, lastId));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        socket.destroy();
      }
    });
  });
  await listen(server, options.path);
  const ourselves: Guest = { name: "maintenance" };
  return {
    run: (sql) => turns.submit(ourselves, queryFrame(sql), () => undefined),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { socket } of connections) socket.destroy();
      await closed;
    },
  };
}

function accept(socket: Socket, id: number): Connection {
  return {
    name: `c${id}_`,
    socket,
    reader: createFrameReader(),
    statements: new Set(),
    batch: [],
    started: false,
    listens: false,
    idle: null,
  };
}

function receive(turns: Turns, connection: Connection, chunk: Buffer, greeting: () => Buffer): void {
  let bytes = chunk;
  // One startup message at a time: what follows it is read by other rules.
  while (!connection.started) {
    const [message] = connection.reader.push(bytes);
    if (message === undefined) return;
    bytes = Buffer.alloc(0);
    if (!start(connection, message, greeting)) return;
  }
  for (const message of connection.reader.push(bytes)) handle(turns, connection, message);
}

function start(connection: Connection, message: Buffer, greeting: () => Buffer): boolean {
  const code = message.readUInt32BE(4);
  if (code === startupCodes.ssl || code === startupCodes.gss) {
    connection.socket.write("N");
    return true;
  }
  if (code !== startupCodes.protocol3) {
    // A request to cancel cannot be served: the database computes on this very thread.
    connection.socket.destroy();
    return false;
  }
  connection.started = true;
  connection.reader.started();
  connection.socket.write(greeting());
  return true;
}

function handle(turns: Turns, connection: Connection, message: Buffer): void {
  const type = message[0];
  if (type === frontend.terminate) {
    connection.socket.end();
    return;
  }
  if (startsListening(message)) connection.listens = true;
  const prefixed = prefixNames(message, connection.name);
  const name = parsedName(prefixed);
  if (name !== null) connection.statements.add(name);
  connection.batch.push(prefixed);
  if (type !== frontend.sync && type !== frontend.query && type !== frontend.flush) return;
  const batch = Buffer.concat(connection.batch);
  connection.batch = [];
  if (connection.idle !== null) clearTimeout(connection.idle);
  connection.idle = null;
  turns.submit(connection, batch, (reply) => {
    connection.socket.write(reply.own);
    if (reply.status !== "I") connection.idle = setTimeout(() => cutOff(connection), idleTransactionMs).unref();
  });
}

function cutOff(connection: Connection): void {
  connection.socket.end(fatalError(`transaction idle for more than ${idleTransactionMs} ms`));
  connection.socket.destroySoon();
}

function leave(turns: Turns, connection: Connection): void {
  if (connection.idle !== null) clearTimeout(connection.idle);
  turns.leave(connection);
  if (connection.statements.size > 0) {
    turns.submit({ name: "leaving" }, closeStatements(connection.statements), () => undefined);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
