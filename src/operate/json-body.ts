import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { type Refusal, refusal } from "./problem.ts";

/** The largest body the private port reads, in bytes. */
export const maxBodyBytes = 64 * 1024;

/**
 * Reads a JSON body into `request.body`. Only `application/json` is taken: that is what a form of another site cannot
 * send, and what a script of another site may not send without asking first, which is never answered
 * (https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS#simple_requests).
 */
export function jsonBody(refuse: (response: Response, why: Refusal) => void): RequestHandler {
  const read = express.json({ limit: maxBodyBytes, inflate: false, strict: false, type: () => true });
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.headers["content-type"];
    if (mediaTypeOf(given) !== "application/json") {
      const fix = "send JSON with `Content-Type: application/json`";
      refuse(response, refusal(415, "Content-Type: application/json", given ?? "no Content-Type", fix));
      return;
    }
    read(request, response, (error?: unknown) => {
      const refused = error === undefined ? null : bodyRefusal(error);
      if (refused === null) next(error);
      else refuse(response, refused);
    });
  };
}

function mediaTypeOf(header: string | undefined): string {
  return header?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** By the `type` that body-parser gives its errors: https://github.com/expressjs/body-parser#errors */
function bodyRefusal(error: unknown): Refusal | null {
  const type = typeof error === "object" && error !== null && "type" in error ? error.type : null;
  switch (type) {
    case "entity.too.large":
      return refusal(413, `a body of at most ${maxBodyBytes} bytes`, "a larger one", "send less at once");
    case "entity.parse.failed":
      return refusal(400, "a body in JSON", "something else", "correct the body; RFC 8259 says what JSON is");
    case "encoding.unsupported":
    case "charset.unsupported":
      return refusal(415, "plain JSON in UTF-8", "another encoding", "send it uncompressed, in UTF-8");
    case "request.size.invalid":
    case "request.aborted":
      return refusal(400, "a body as long as Content-Length says", "another length", "send the whole body");
    default:
      return null;
  }
}
