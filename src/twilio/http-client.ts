import RequestClient from "twilio/lib/base/RequestClient.js";
import type TwilioResponse from "twilio/lib/http/response.js";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { observedRequest, type RequestObservers, type SeenRequest } from "../pipeline/observed-request.ts";
import type { Clock, TwilioFailure } from "../pipeline/ports.ts";
import { toRequestUrl } from "./base-url.ts";
import { CallFailed, failure, failureOfError, failureOfStatus } from "./failure.ts";

/** Larger answers are not read, in bytes. A page of 100 resources is about 100 kB. */
export const maxBodyBytes = 1024 * 1024;

/** How requests are made. */
export interface HttpClientOptions extends RequestObservers {
  readonly baseUrl: string | null;
  /** For the whole request, its body included. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * The twilio package's HTTP, replaced: it only reads, only Twilio, follows no redirect, bounds time and size, and everything
 * that goes wrong is a CallFailed. It keeps neither the last request nor the last response, which the original does,
 * credentials included.
 */
export class HttpClient extends RequestClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    super();
    this.#options = options;
  }

  override async request<T>(asked: RequestClient.RequestOptions<T>): Promise<TwilioResponse.default<T>> {
    const url = toRequestUrl(asked.uri, this.#options.baseUrl);
    if (url === null || asked.method !== "get" || asked.params !== undefined) {
      throw new CallFailed(failure("client_error", false));
    }
    const read = await this.#read(url, {
      Accept: "application/json",
      "User-Agent": String(asked.headers?.["User-Agent"] ?? "faultline"),
      Authorization: `Basic ${Buffer.from(`${asked.username}:${asked.password}`).toString("base64")}`,
    });
    if ("failed" in read) throw new CallFailed(read.failed);
    // What was asked for is for the caller to check; the package only passes it on.
    return { statusCode: 200, body: read.body as T, headers: {} };
  }

  async #read(url: string, headers: Record<string, string>): Promise<Read> {
    return await observedRequest("GET", new URL(url), this.#options, async () => {
      let status: number | null = null;
      try {
        const answer = await fetch(url, {
          headers,
          redirect: "manual",
          signal: AbortSignal.timeout(this.#options.timeoutMs),
        });
        status = answer.status;
        if (answer.ok) return { status, failure: null, body: parseBody(await readBounded(answer)) };
        await answer.body?.cancel();
        return failed(status, failureOfStatus(status, answer.headers.get("retry-after"), this.#options.clock.now()));
      } catch (error) {
        return failed(status, error instanceof CallFailed ? error.failure : failureOfError(error));
      }
    });
  }
}

type Read = SeenRequest & ({ readonly body: JsonObject } | { readonly failed: TwilioFailure });

function failed(status: number | null, why: TwilioFailure): Read {
  return { status, failure: why.reason, failed: why };
}

async function readBounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Counted after decompression: leaving the loop cancels the rest.
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBodyBytes) throw new CallFailed(failure("server_error", false));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseBody(text: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // Some proxy's page, or an answer cut off: the next may be whole.
    throw new CallFailed(failure("server_error", true));
  }
  if (!isJsonObject(body)) throw new CallFailed(failure("server_error", true));
  return body;
}
