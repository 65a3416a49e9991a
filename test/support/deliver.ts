import { Agent, request } from "node:http";
import { connect } from "node:net";
import { account, publicUrl } from "./faultline.ts";
import { debuggerForm, type ErrorEvent, encodeForm, type FormParams, signForm, signJson, streamBatch } from "./sign.ts";

/*
 * Twilio's side: signed deliveries over kept-alive connections.
 */

/** One POST, as it goes over the wire. */
export interface Parcel {
  /** Path and query. */
  readonly target: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Whose signature, over which address. */
export interface Signer {
  readonly token: string;
  readonly publicUrl: string;
}

const signer: Signer = { token: account.token, publicUrl };

/** A signed form. */
export function formParcel(target: string, params: FormParams, by: Signer = signer): Parcel {
  return rawFormParcel(target, encodeForm(params), signForm(by.token, by.publicUrl + target, params));
}

/** A form body as it stands, signed over what a decoder makes of it. */
export function signedFormBody(target: string, body: string, by: Signer = signer): Parcel {
  // Without a prototype, so that `__proto__` is a name like any other.
  const params: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) params[name] = [...(params[name] ?? []), value];
  return rawFormParcel(target, body, signForm(by.token, by.publicUrl + target, params));
}

function rawFormParcel(target: string, body: string, signature: string): Parcel {
  return {
    target,
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      "x-twilio-signature": signature,
    },
  };
}

/** A signed JSON body: bodySHA256 in the query, the signature over the URL. */
export function jsonParcel(path: string, body: string | Buffer, by: Signer = signer): Parcel {
  const { url, signature } = signJson(by.token, by.publicUrl + path, body);
  return {
    target: url.slice(by.publicUrl.length),
    body,
    headers: { "content-type": "application/json", "x-twilio-signature": signature },
  };
}

/** An event as a Debugger webhook. */
export function webhookParcel(event: ErrorEvent, by: Signer = signer): Parcel {
  return formParcel("/twilio/debugger", debuggerForm(event), by);
}

/** Events as one Event Streams delivery. */
export function streamParcel(events: readonly ErrorEvent[], by: Signer = signer): Parcel {
  return jsonParcel("/twilio/events", streamBatch(events), by);
}

/** Sends over a few kept-alive connections, as Twilio's proxies do. */
export interface Courier {
  /** The reply. Rejects when the connection breaks before there is one: then nothing was acknowledged. */
  send(parcel: Parcel): Promise<Reply>;
  close(): void;
}

/** Delivers to a port of this machine. */
export function courier(port: number, connections = 4): Courier {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send: ({ target, method = "POST", headers, body }) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          {
            agent,
            host: "127.0.0.1",
            port,
            path: target,
            method,
            headers: { "content-length": Buffer.byteLength(body), ...headers },
          },
          (response) => {
            let text = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => {
              text += chunk;
            });
            response.on("end", () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
            );
            response.on("error", reject);
          },
        );
        outgoing.on("error", reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Sends one parcel on a connection of its own. */
export async function deliver(port: number, parcel: Parcel): Promise<Reply> {
  const once = courier(port, 1);
  try {
    return await once.send(parcel);
  } finally {
    once.close();
  }
}

/** What to do with a connection once the bytes are written. */
export type Afterwards = "keep open" | "end" | "reset";

/**
 * Writes raw bytes to a port and gives all that comes back until the other side closes, or until `timeoutMs`. For what
 * no HTTP client would send.
 */
export function rawExchange(
  port: number,
  bytes: string | Buffer,
  afterwards: Afterwards,
  timeoutMs = 15_000,
): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("end", () => socket.end());
    // A reset by the other side is one of the ends that are looked at: what came before it counts.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.on("connect", () => {
      socket.write(bytes, () => {
        if (afterwards === "end") socket.end();
        if (afterwards === "reset") socket.resetAndDestroy();
      });
    });
  });
}

/** The status of a raw HTTP answer, 0 when none came. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}

/** The request line, headers and a blank line. Host and Connection are sent unless given. */
export function head(parcel: Parcel, extra: Readonly<Record<string, string>> = {}): string {
  const headers = { host: "faultline.example.com", connection: "close", ...parcel.headers, ...extra };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${parcel.method ?? "POST"} ${parcel.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}
