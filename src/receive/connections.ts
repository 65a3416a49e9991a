import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A request and its answer, as long as that is under way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** So long a new connection may be silent before it has to give way to others, in milliseconds. */
const silenceMs = 1000;

/**
 * The connections of a server, at most `limit`. When all are taken a new one is let in nevertheless, and the one that is
 * missed least has to go: one that has never sent a request, then the one that has waited longest for its next, then the one
 * that has been sending a body for longest. What was received whole is never given up; where nothing else is left, the new
 * connection is. So nobody keeps Twilio out by holding connections open.
 */
export class Connections {
  readonly #limit: number;
  /** Without a request so far, and since when. Oldest first, as all three. */
  readonly #silent = new Map<Socket, number>();
  /** Between two requests. */
  readonly #idle = new Set<Socket>();
  /** With requests under way, in the order in which they came. */
  readonly #busy = new Map<Socket, Exchange[]>();
  readonly #afterwards = new Map<Socket, () => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A connection was made. */
  opened(socket: Socket): void {
    this.#silent.set(socket, performance.now());
    socket.once("close", () => {
      this.#silent.delete(socket);
      this.#idle.delete(socket);
      this.#busy.delete(socket);
      this.#afterwards.delete(socket);
    });
    if (this.#silent.size + this.#idle.size + this.#busy.size > this.#limit) this.#dispensable(socket).destroy();
  }

  /**
   * The head of a request has come. False when it is not to be looked at: an answer has gone out that ends the connection, and
   * what comes after it was never received.
   */
  began(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const before = this.#busy.get(socket);
    if (socket.writableEnded || this.#afterwards.has(socket) || before?.some(endsConnection) === true) return false;
    const exchange = { request, response };
    if (before === undefined) {
      this.#silent.delete(socket);
      this.#idle.delete(socket);
      this.#busy.set(socket, [exchange]);
    } else before.push(exchange);
    response.once("close", () => this.#ended(socket, exchange));
    return true;
  }

  /** The last request of a connection, as long as its answer is under way. */
  lastRequest(socket: Socket): IncomingMessage | null {
    return this.#busy.get(socket)?.at(-1)?.request ?? null;
  }

  /** Calls back once what has come so far on a connection is answered; never when it closes before. */
  whenAnswered(socket: Socket, then: () => void): void {
    if (this.#busy.has(socket)) this.#afterwards.set(socket, then);
    else then();
  }

  #ended(socket: Socket, exchange: Exchange): void {
    const exchanges = this.#busy.get(socket);
    if (exchanges === undefined) return;
    exchanges.splice(exchanges.indexOf(exchange), 1);
    if (exchanges.length > 0) return;
    this.#busy.delete(socket);
    if (socket.destroyed) return;
    this.#idle.add(socket);
    this.#afterwards.get(socket)?.();
  }

  #dispensable(newest: Socket): Socket {
    const [silent] = this.#silent;
    if (silent !== undefined && performance.now() - silent[1] >= silenceMs) return silent[0];
    const [idle] = this.#idle;
    if (idle !== undefined) return idle;
    if (silent !== undefined && silent[0] !== newest) return silent[0];
    for (const [socket, exchanges] of this.#busy) if (exchanges.at(-1)?.request.complete === false) return socket;
    return newest;
  }
}

function endsConnection({ response }: Exchange): boolean {
  return response.headersSent && response.getHeader("Connection") === "close";
}
