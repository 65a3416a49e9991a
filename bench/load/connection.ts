import { connect } from "node:net";

/** One kept-alive connection to a port of this machine; one request at a time. */
export interface Connection {
  /** Writes a whole HTTP request and gives the status of the answer. Rejects when the connection breaks. */
  exchange(request: Buffer): Promise<number>;
  close(): void;
}

/** Opens one. Answers are to have no body or a Content-Length. */
export function openConnection(port: number): Connection {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let pending: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
    const end = received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const status = Number(received.slice(9, 12));
    received = "";
    const settled = pending;
    pending = null;
    settled?.resolve(status);
  });
  const broken = (error?: Error) => {
    const settled = pending;
    pending = null;
    settled?.reject(error ?? new Error("expected an answer, the connection was closed"));
  };
  socket.on("error", broken).on("close", () => broken());
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        // Nobody would hear of what is written to it.
        if (socket.destroyed) return reject(new Error("expected an open connection, it was closed before"));
        pending = { resolve, reject };
        socket.write(request);
      }),
    close: () => {
      pending = null;
      socket.destroy();
    },
  };
}
