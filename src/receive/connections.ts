import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A request and its answer, as long as that is under way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** So long a new connection may be silent before it has to give way to others, in milliseconds. */
const silenceMs = 1000;

/** A connection, from its first byte to its last. */
interface Connection {
  readonly socket: Socket;
  readonly openedAt: number;
  /** Requests under way, in the order in which they came. */
  readonly exchanges: Exchange[];
  /** What waits for their answers. */
  afterwards: (() => void) | null;
}

/**
 * The connections of a server, at most `limit`. When all are taken a new one is let in nevertheless, and the one that is
 * missed least has to go: one that has never sent a request, then the one that has waited longest for its next, then the one
 * that has been sending a body for longest. What was received whole is never given up; where nothing else is left, the new
 * connection is. So nobody keeps Twilio out by holding connections open.
 *
 * What comes and goes with every request are sets of connections, never of requests: a table that a set has outgrown is kept
 * alive by the one before it until the next full collection, with all that is in it. With maps of requests the collector took
 * 17 instead of 5 µs a webhook.
 */
export class Connections {
  readonly #limit: number;
  readonly #all = new Map<Socket, Connection>();
  /** Without a request so far. Oldest first, as all three. */
  readonly #silent = new Set<Connection>();
  /** Between two requests. */
  readonly #idle = new Set<Connection>();
  /** With requests under way. */
  readonly #busy = new Set<Connection>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A connection was made. */
  opened(socket: Socket): void {
    const connection = { socket, openedAt: performance.now(), exchanges: [], afterwards: null };
    this.#all.set(socket, connection);
    this.#silent.add(connection);
    socket.once("close", () => {
      this.#all.delete(socket);
      for (const state of [this.#silent, this.#idle, this.#busy]) state.delete(connection);
    });
    if (this.#all.size > this.#limit) this.#dispensable(connection).socket.destroy();
  }

  /**
   * The head of a request has come. False when it is not to be looked at: an answer has gone out that ends the connection, and
   * what comes after it was never received.
   */
  began(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#all.get(request.socket);
    if (connection === undefined) return false;
    const { socket, exchanges, afterwards } = connection;
    if (socket.writableEnded || afterwards !== null || exchanges.some(endsConnection)) return false;
    const exchange = { request, response };
    if (exchanges.push(exchange) === 1) {
      this.#silent.delete(connection);
      this.#idle.delete(connection);
      this.#busy.add(connection);
    }
    response.once("close", () => this.#ended(connection, exchange));
    return true;
  }

  /** The last request of a connection, as long as its answer is under way. */
  lastRequest(socket: Socket): IncomingMessage | null {
    return this.#all.get(socket)?.exchanges.at(-1)?.request ?? null;
  }

  /** Calls back once what has come so far on a connection is answered; never when it closes before. */
  whenAnswered(socket: Socket, then: () => void): void {
    const connection = this.#all.get(socket);
    if (connection !== undefined && connection.exchanges.length > 0) connection.afterwards = then;
    else then();
  }

  #ended(connection: Connection, exchange: Exchange): void {
    const { socket, exchanges } = connection;
    exchanges.splice(exchanges.indexOf(exchange), 1);
    if (exchanges.length > 0) return;
    this.#busy.delete(connection);
    if (socket.destroyed) return;
    this.#idle.add(connection);
    connection.afterwards?.();
  }

  #dispensable(newest: Connection): Connection {
    const [silent] = this.#silent;
    if (silent !== undefined && performance.now() - silent.openedAt >= silenceMs) return silent;
    const [idle] = this.#idle;
    if (idle !== undefined) return idle;
    if (silent !== undefined && silent !== newest) return silent;
    for (const busy of this.#busy) if (busy.exchanges.at(-1)?.request.complete === false) return busy;
    return newest;
  }
}

function endsConnection({ response }: Exchange): boolean {
  return response.headersSent && response.getHeader("Connection") === "close";
}
